import type { FederationStatus } from '@perfit/protocol';
import { states } from '#strings/federation-state.ts';

const words: Record<FederationStatus['state'], string> = {
  recruiting: 'recruiting',
  training: 'training',
  aggregating: 'aggregating',
  paused: 'paused',
  finished: 'finished',
  failed: 'failed',
  stopped: 'stopped',
};

const colors: Record<FederationStatus['state'], string> = {
  recruiting: 'blue',
  training: 'teal',
  aggregating: 'teal',
  paused: 'yellow',
  finished: 'gray',
  failed: 'red',
  stopped: 'gray',
};

/** As the protocol and the operator call it. */
export function stateWord(state: FederationStatus['state']): string {
  return words[state];
}

/** For who takes part. */
export function plainStateWord(state: FederationStatus['state']): string {
  return states[state];
}

/** A Mantine colour. */
export function stateColor(state: FederationStatus['state']): string {
  return colors[state];
}

export function isOver(state: FederationStatus['state']): boolean {
  return state === 'finished' || state === 'failed' || state === 'stopped';
}
