import type { FederationStatus } from '@perfit/protocol';

const colors: Record<FederationStatus['state'], string> = {
  recruiting: 'blue',
  training: 'teal',
  aggregating: 'teal',
  paused: 'yellow',
  finished: 'gray',
  failed: 'red',
  stopped: 'gray',
};

/** A Mantine colour. */
export function stateColor(state: FederationStatus['state']): string {
  return colors[state];
}

export function isOver(state: FederationStatus['state']): boolean {
  return state === 'finished' || state === 'failed' || state === 'stopped';
}
