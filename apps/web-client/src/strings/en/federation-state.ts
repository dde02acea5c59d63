import type { FederationStatus } from '@perfit/protocol';

type Words = Readonly<Record<FederationStatus['state'], string>>;

/** Where a federation stands, as the protocol and its operator call it. */
export const stateWords: Words = {
  recruiting: 'recruiting',
  training: 'training',
  aggregating: 'aggregating',
  paused: 'paused',
  finished: 'finished',
  failed: 'failed',
  stopped: 'stopped',
};

/** The same for someone who has never seen one. */
export const plainStateWords: Words = {
  recruiting: 'waiting for people',
  training: 'in progress',
  aggregating: 'in progress',
  paused: 'paused',
  finished: 'finished',
  failed: 'failed',
  stopped: 'ended early',
};
