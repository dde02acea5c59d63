import type { FederationStatus } from '@perfit/protocol';

/** Where a federation stands, in words for who has never seen one. */
export const states: Readonly<Record<FederationStatus['state'], string>> = {
  recruiting: 'waiting for people',
  training: 'under way',
  aggregating: 'under way',
  paused: 'paused',
  finished: 'finished',
  failed: 'failed',
  stopped: 'ended early',
};
