import type { FederationStatus, RoundClosed } from '@perfit/protocol';
import type { EngineEvent, TimedEvent } from '../engine-event.ts';
import type { LedgerEntry } from '../ledger-api.ts';
import { withAnswers } from './answers.ts';
import { estimateOf } from './estimate.ts';
import { withStepTime } from './pace.ts';
import {
  type Activity,
  emptySession,
  type LossPoint,
  nothingLoaded,
  phaseOf,
  type RoundState,
  type SessionState,
} from './session-state.ts';
import { rowsOfStep } from './work-left.ts';

const PROBLEMS_KEPT = 100;
/** The chart's memory; beyond it every second point of the older half goes. */
const LOSSES_KEPT = 4000;

/** Folds what happened into what is shown and recorded. Pure: the worker and the page fold the same events alike. */
export function foldEvent(state: SessionState, timed: TimedEvent): SessionState {
  const next = withoutEstimate(state, timed);
  return { ...next, estimate: estimateOf(next, timed.at) };
}

function withoutEstimate(state: SessionState, { at, event }: TimedEvent): SessionState {
  switch (event.type) {
    case 'restored':
      // An earlier version of this page kept less of it.
      return { ...emptySession, ...event.session, ...forgotten };
    case 'started':
      return {
        ...begun(state, event, at),
        ...doing({ kind: 'loading', stage: 'device', ...nothingLoaded }),
      };
    case 'loading': {
      const { type: _, stage, ...progress } = event;
      return { ...state, ...doing({ kind: 'loading', stage, ...nothingLoaded, ...progress }) };
    }
    case 'device':
      return {
        ...state,
        backend: event.backend,
        device: { description: event.description, reason: event.reason },
      };
    case 'examples':
      return {
        ...state,
        examples: { training: event.training, heldOut: event.heldOut },
        question: event.question,
      };
    case 'models':
      return { ...state, models: { base: event.base, personal: event.personal } };
    case 'connection':
      return foldConnection(state, event);
    case 'joined':
      return {
        ...state,
        client: event.client,
        federation: event.federation,
        density: event.density,
        size: event.federation.layout.size,
        resumed: event.resumed,
      };
    case 'status':
      return foldStatus(state, event.status);
    case 'round-started':
      return {
        ...state,
        ...doing({ kind: 'preparing', search: state.kept === null }),
        rounds: withAttempt(state.rounds, {
          ...openRound(event.round, event.attempt, at),
          deadlineAt: at + event.deadlineMs,
        }),
        lastStepAt: null,
      };
    case 'search':
      return foldSearch(state, event, at);
    case 'mask':
      return {
        ...state,
        ...doing({ kind: 'measuring', of: state.basePerplexity === null ? 'base' : 'received' }),
        kept: event.kept,
        size: event.size,
      };
    case 'mask-map':
      return { ...state, densityMap: event.cells };
    case 'space':
      return { ...state, adapted: event.adapted };
    case 'pause-asked':
      return { ...state, pause: event.isPaused ? 'asked' : 'off', lastStepAt: null };
    case 'paused':
      return { ...state, pause: 'held', lastStepAt: null };
    case 'resumed':
      return { ...state, pause: 'off', lastStepAt: null };
    case 'tuning':
      return foldTuning(state, event, at);
    case 'perplexity':
      return foldPerplexity(state, event, at);
    case 'validation':
      return state;
    case 'twin':
      return {
        ...state,
        ...doing({ kind: 'alone', tuning: event.tuning, of: event.of, done: event.done }),
        lastStepAt: null,
      };
    case 'compare':
      return { ...state, compares: event.isWanted };
    case 'answers': {
      const { type: _, ...answered } = event;
      return { ...state, answers: withAnswers(state.answers, answered) };
    }
    case 'answering':
      return { ...state, answering: event.how };
    case 'conclusion': {
      const { type: _, ...conclusion } = event;
      return { ...state, conclusion };
    }
    case 'transfer':
      return { ...state, ...doing(transferring(event)) };
    case 'submitted':
      return {
        ...state,
        ...doing({ kind: 'waiting', why: 'others' }),
        rounds: withRound(state.rounds, event.round, (round) => ({
          ...(round ?? openRound(event.round, 1, at)),
          endedAt: at,
          isSubmitted: true,
        })),
      };
    case 'round-closed':
      return {
        ...state,
        ...doing({ kind: 'waiting', why: 'next-round' }),
        rounds: closedRound(state.rounds, event.closed, at),
      };
    case 'problem':
      return {
        ...state,
        problems: [...state.problems, event.error].slice(-PROBLEMS_KEPT),
        lastProblem: { error: event.error, retry: event.retry, at },
      };
    case 'ledger':
      return {
        ...state,
        bytesUp: state.bytesUp + sum(event.entries, 'up'),
        bytesDown: state.bytesDown + sum(event.entries, 'down'),
        rounds: withBytes(state.rounds, event.entries),
      };
    case 'finished':
      return {
        ...state,
        ...doing({ kind: 'finished' }),
        status: event.status,
        lastProblem: null,
        pause: 'off',
        endedAt: at,
      };
    case 'left':
      return {
        ...state,
        ...doing({ kind: 'left', reason: event.reason }),
        connected: false,
        pause: 'off',
        endedAt: at,
      };
    case 'failed':
      return {
        ...state,
        ...doing({ kind: 'failed', error: event.error }),
        problems: [...state.problems, event.error].slice(-PROBLEMS_KEPT),
        lastProblem: null,
        connected: false,
        pause: 'off',
        endedAt: at,
      };
  }
}

export function foldEvents(state: SessionState, events: readonly TimedEvent[]): SessionState {
  return events.reduce(foldEvent, state);
}

/** Activity and phase always move together. */
function doing(activity: Activity): Pick<SessionState, 'activity' | 'phase'> {
  return { activity, phase: phaseOf(activity) };
}

/** A seat that comes back keeps its history; another seat starts from nothing. */
function begun(state: SessionState, event: Extract<EngineEvent, { type: 'started' }>, at: number): SessionState {
  const known = state.federationId === event.federation ? state : emptySession;
  return {
    ...known,
    name: event.name,
    federationId: event.federation,
    startedAt: known.startedAt ?? at,
    endedAt: null,
    lastProblem: null,
    ...forgotten,
  };
}

/** What holds for one run only. */
const forgotten = {
  connected: false,
  tokensPerSecond: null,
  lastStepAt: null,
  pace: null,
  models: { base: false, personal: null },
} as const;

function foldConnection(state: SessionState, event: Extract<EngineEvent, { type: 'connection' }>): SessionState {
  const connected = event.state === 'connected';
  // While a round runs, losing the line changes nothing of what this client does: it goes on tuning.
  const atWork = state.phase !== 'loading' && state.phase !== 'idle';
  return {
    ...state,
    connected,
    ...(atWork ? {} : doing({ kind: 'connecting' })),
    lastProblem: connected ? null : state.lastProblem,
  };
}

function foldStatus(state: SessionState, status: FederationStatus): SessionState {
  const next = { ...state, status };
  switch (status.state) {
    case 'recruiting':
      return { ...next, ...doing({ kind: 'recruiting', ready: status.ready, recruit: status.recruit }) };
    case 'paused':
      return state.phase === 'tuning' || state.phase === 'searching' || state.phase === 'uploading'
        ? next
        : { ...next, ...doing({ kind: 'waiting', why: 'paused' }) };
    case 'training':
    case 'aggregating':
      return state.phase === 'recruiting' || state.phase === 'loading'
        ? { ...next, ...doing({ kind: 'waiting', why: 'next-round' }) }
        : next;
    case 'finished':
    case 'failed':
    case 'stopped':
      // The loop says itself when it is done.
      return state.phase === 'waiting' ? { ...next, ...doing({ kind: 'concluding' }) } : next;
  }
}

function foldSearch(
  state: SessionState,
  { round, progress }: Extract<EngineEvent, { type: 'search' }>,
  at: number,
): SessionState {
  switch (progress.kind) {
    case 'warmup': {
      const { step, steps, loss, tokens } = progress;
      return {
        ...withStep(state, { round, part: 'warm-up', loss }, tokens, at),
        ...doing({ kind: 'warming-up', step, steps }),
      };
    }
    case 'prune': {
      const { iteration, iterations, kept } = progress;
      return { ...state, ...doing({ kind: 'pruning', iteration, iterations }), kept };
    }
  }
}

function foldTuning(
  state: SessionState,
  { round, progress }: Extract<EngineEvent, { type: 'tuning' }>,
  at: number,
): SessionState {
  const { epoch, step, steps, loss, tokens } = progress;
  return {
    ...withStep(state, { round, part: 'tuning', loss }, tokens, at),
    ...doing(step < steps ? { kind: 'tuning', epoch, step, steps } : { kind: 'measuring', of: 'tuned' }),
    rounds: withRound(state.rounds, round, (known) => ({ ...(known ?? openRound(round, 1, at)), loss })),
  };
}

function foldPerplexity(
  state: SessionState,
  { round, of, value }: Extract<EngineEvent, { type: 'perplexity' }>,
  at: number,
): SessionState {
  if (of === 'base') return { ...state, ...doing({ kind: 'measuring', of: 'received' }), basePerplexity: value };
  return {
    ...state,
    ...(of === 'received' ? doing({ kind: 'preparing', search: false }) : {}),
    rounds: withRound(state.rounds, round, (known) => ({ ...(known ?? openRound(round, 1, at)), [of]: value })),
  };
}

function transferring(event: Extract<EngineEvent, { type: 'transfer' }>): Activity {
  const { bytes, total } = event;
  if (event.direction === 'down') {
    if (bytes < total) return { kind: 'downloading', bytes, total };
    // Shares of owners are downloaded for a search alone.
    return event.kind === 'owners' ? { kind: 'preparing', search: true } : { kind: 'measuring', of: 'received' };
  }
  return { kind: 'uploading', what: event.kind === 'mask' ? 'mask' : 'delta', bytes, total };
}

function withStep(state: SessionState, point: LossPoint, tokens: number, at: number): SessionState {
  const seconds = state.lastStepAt === null ? null : (at - state.lastStepAt) / 1000;
  const rows = rowsOfStep(state);
  const speed = seconds ? tokens / seconds : null;
  return {
    ...state,
    losses: thinned([...state.losses, point]),
    tokensPerSecond:
      speed === null
        ? state.tokensPerSecond
        : state.tokensPerSecond === null
          ? speed
          : 0.8 * state.tokensPerSecond + 0.2 * speed,
    pace: seconds === null || rows === null ? state.pace : withStepTime(state.pace, (1000 * seconds) / rows),
    lastStepAt: at,
  };
}

function thinned(losses: readonly LossPoint[]): readonly LossPoint[] {
  if (losses.length <= LOSSES_KEPT) return losses;
  const half = LOSSES_KEPT / 2;
  return [...losses.slice(0, half).filter((_, i) => i % 2 === 0), ...losses.slice(half)];
}

function openRound(number: number, attempt: number, at: number): RoundState {
  return {
    number,
    attempt,
    outcome: 'open',
    reason: null,
    received: null,
    tuned: null,
    loss: null,
    startedAt: at,
    endedAt: null,
  };
}

/** A round that failed is repeated as another attempt; events name the round, and mean its latest attempt. */
function withRound(
  rounds: readonly RoundState[],
  number: number,
  change: (round: RoundState | undefined) => RoundState,
): readonly RoundState[] {
  const known = rounds.findLast((round) => round.number === number);
  const changed = change(known);
  return known ? rounds.map((round) => (round === known ? changed : round)) : inOrder([...rounds, changed]);
}

/** An attempt that is taken up again keeps what it had; its deadline may have moved. */
function withAttempt(rounds: readonly RoundState[], opened: RoundState): readonly RoundState[] {
  const { number, attempt, deadlineAt } = opened;
  const isSame = (round: RoundState) => round.number === number && round.attempt === attempt;
  if (!rounds.some(isSame)) return inOrder([...rounds, opened]);
  return rounds.map((round) => (isSame(round) && deadlineAt !== undefined ? { ...round, deadlineAt } : round));
}

/** What goes and comes while a round is the latest counts as that round's. */
function withBytes(rounds: readonly RoundState[], entries: readonly LedgerEntry[]): readonly RoundState[] {
  const last = rounds.at(-1);
  if (!last) return rounds;
  const bytesUp = (last.bytesUp ?? 0) + sum(entries, 'up');
  return [...rounds.slice(0, -1), { ...last, bytesUp, bytesDown: (last.bytesDown ?? 0) + sum(entries, 'down') }];
}

/** A round in which this client did not take part is not its round: it stays out of the list. */
function closedRound(rounds: readonly RoundState[], closed: RoundClosed, at: number): readonly RoundState[] {
  return rounds.map((round) =>
    round.number === closed.round && round.attempt === closed.attempt
      ? {
          ...round,
          outcome: closed.outcome,
          reason: closed.reason ?? null,
          endedAt: round.endedAt ?? at,
          submissions: closed.submissions,
        }
      : round,
  );
}

function inOrder(rounds: readonly RoundState[]): readonly RoundState[] {
  return rounds.toSorted((a, b) => a.number - b.number || a.attempt - b.attempt);
}

function sum(entries: readonly LedgerEntry[], direction: LedgerEntry['direction']): number {
  // The model's files are another matter than what the federation exchanges.
  const messages = entries.filter((entry) => entry.direction === direction && entry.kind !== 'fetch');
  return messages.reduce((total, { bytes }) => total + bytes, 0);
}
