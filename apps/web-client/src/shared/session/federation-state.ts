import type { FederationStatus } from '@perfit/protocol';

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

export function stateWord(state: FederationStatus['state']): string {
  return words[state];
}

/** A Mantine colour. */
export function stateColor(state: FederationStatus['state']): string {
  return colors[state];
}

export function isOver(state: FederationStatus['state']): boolean {
  return state === 'finished' || state === 'failed' || state === 'stopped';
}
