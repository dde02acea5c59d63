import type { FederationStatus } from '@perfit/protocol';
import { type Active, neededFor, presentIn, type RoundState, type Schedule, versionOf } from './round-state.ts';

/** What everybody is told of a federation. The round is the one in progress, or else the last that was committed. */
export function statusOf(state: RoundState, schedule: Schedule): FederationStatus {
  const reason = reasonOf(state);
  return {
    state: state.state,
    round: roundOf(state.state === 'paused' ? state.held : state),
    rounds: schedule.rounds,
    version: versionOf(state),
    ready: presentIn(state).length,
    recruit: recruitOf(state, schedule),
    ...(reason ? { reason: reason.slice(0, 500) } : {}),
  };
}

function roundOf(state: Exclude<RoundState, { state: 'paused' }>): number {
  return state.state === 'training' || state.state === 'aggregating' ? state.version + 1 : state.version;
}

function recruitOf(state: RoundState, schedule: Schedule): number {
  const held: RoundState = state.state === 'paused' ? state.held : state;
  return isActive(held) ? neededFor(held, schedule) : schedule.minimum;
}

function isActive(state: RoundState): state is Active {
  return state.state === 'recruiting' || state.state === 'training' || state.state === 'aggregating';
}

function reasonOf(state: RoundState): string | null {
  switch (state.state) {
    case 'paused':
      return state.why === 'new'
        ? 'The operator has not started the federation yet.'
        : 'The operator paused the federation.';
    case 'recruiting':
      return state.attempt > 1 ? `Round ${state.version + 1} is repeated as soon as enough clients are here.` : null;
    case 'aggregating':
      return state.failures > 0 ? 'The result could not be stored; it is tried again.' : null;
    case 'finished':
    case 'failed':
    case 'stopped':
      return state.reason;
    case 'training':
      return null;
  }
}
