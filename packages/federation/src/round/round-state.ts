import type { FederationConfig } from '@perfit/protocol';

export type ClientId = string;
/** Milliseconds since the epoch, by the coordinator's clock. Times come in with events; nothing here reads a clock. */
export type Instant = number;
export type Schedule = FederationConfig['schedule'];

/**
 * [RD1] Where a federation stands. It is plain JSON, so that the store keeps it and a restarted coordinator goes on from it.
 * The round in progress is always `version + 1`: a round that fails is repeated under its number.
 */
export type RoundState = Active | Paused | Ended;
export type Active = Recruiting | Training | Aggregating;

interface Attempt {
  /** How often theta_g was committed. */
  readonly version: number;
  readonly attempt: number;
  /** Clients that are connected and ready. */
  readonly present: readonly ClientId[];
  /** [UP4] Whose submission to this round is accepted, in the order of acceptance. A repeat of the round keeps them. */
  readonly submitted: readonly ClientId[];
}

/** Waiting for clients: for the first round, or because too few are left for another attempt. */
export interface Recruiting extends Attempt {
  readonly state: 'recruiting';
}

export interface Training extends Attempt {
  readonly state: 'training';
  /** [RD2] */
  readonly deadline: Instant;
  /** When the round closes early: everybody who is here has submitted, and it is enough. Null while that is not so. */
  readonly settleAt: Instant | null;
}

/** Closed, on its way to the disk. */
export interface Aggregating extends Attempt {
  readonly state: 'aggregating';
  /** How often the commit failed for the storage's sake, and when it is tried again. */
  readonly failures: number;
  readonly retryAt: Instant | null;
}

/** Nothing is offered, no deadline passes; what clients have ready is still taken. */
export interface Paused {
  readonly state: 'paused';
  /** `new`: not started yet. */
  readonly why: 'new' | 'operator';
  readonly held: Active;
  /** What was left of the round's time, where a round is held. */
  readonly remainingMs: number;
}

export interface Ended {
  readonly state: 'finished' | 'failed' | 'stopped';
  readonly version: number;
  readonly present: readonly ClientId[];
  readonly reason: string | null;
}

export const newFederation: RoundState = {
  state: 'paused',
  why: 'new',
  held: { state: 'recruiting', version: 0, attempt: 1, present: [], submitted: [] },
  remainingMs: 0,
};

export function isEnded(state: RoundState): state is Ended {
  return state.state === 'finished' || state.state === 'failed' || state.state === 'stopped';
}

export function versionOf(state: RoundState): number {
  return state.state === 'paused' ? state.held.version : state.version;
}

export function presentIn(state: RoundState): readonly ClientId[] {
  return state.state === 'paused' ? state.held.present : state.present;
}

export function withPresent(state: RoundState, present: readonly ClientId[]): RoundState {
  return state.state === 'paused' ? { ...state, held: { ...state.held, present } } : { ...state, present };
}

/** How many clients a round waits for before it begins: `recruit` for the first, later the minimum. */
export function neededFor(state: Active, schedule: Schedule): number {
  return state.version === 0 && state.attempt === 1 ? schedule.recruit : schedule.minimum;
}

/** When the machine next wants to hear of the time; null where it waits for people. */
export function wakeAt(state: RoundState): Instant | null {
  switch (state.state) {
    case 'training':
      return state.settleAt === null ? state.deadline : Math.min(state.deadline, state.settleAt);
    case 'aggregating':
      return state.retryAt;
    case 'recruiting':
    case 'paused':
    case 'finished':
    case 'failed':
    case 'stopped':
      return null;
  }
}
