import type { RoundEffect, RoundEvent } from './round-event.ts';
import {
  type Active,
  type Aggregating,
  type ClientId,
  type Ended,
  type Instant,
  isEnded,
  neededFor,
  type Paused,
  type Recruiting,
  type RoundState,
  type Schedule,
  type Training,
  wakeAt,
  withPresent,
} from './round-state.ts';
import { targetReached } from './target.ts';

export interface Step {
  readonly state: RoundState;
  readonly effects: readonly RoundEffect[];
}

type EventOf<T extends RoundEvent['type']> = Extract<RoundEvent, { type: T }>;

/** After a restart a round has at least so long for the clients that trained on while the coordinator was away. */
export const RESTART_GRACE_MS = 60_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;

/**
 * [RD1] Moves a federation by one event. Pure: the caller stores the state, then runs the effects. A step that
 * changes nothing returns the same state object and no effects.
 *
 * Time that has passed by an event's instant is dealt with before the event itself, so that a late timer
 * never lets a submission in behind the deadline.
 */
export function step(state: RoundState, event: RoundEvent, schedule: Schedule): Step {
  if (event.type === 'restarted') return onRestart(state, event.at, schedule);
  // What became of a commit is no reason to begin it again, however late it comes.
  const isOutcome = state.state === 'aggregating' && (event.type === 'committed' || event.type === 'commit-failed');
  const timely = isOutcome ? to(state) : onTime(state, event.at, schedule);
  const moved = onEvent(timely.state, event, schedule);
  return { state: moved.state, effects: [...timely.effects, ...moved.effects] };
}

function onEvent(state: RoundState, event: Exclude<RoundEvent, { type: 'restarted' }>, schedule: Schedule): Step {
  switch (event.type) {
    case 'client-ready':
      return onReady(state, event, schedule);
    case 'client-left':
      return onLeft(state, event, schedule);
    case 'submission':
      return onSubmission(state, event, schedule);
    case 'committed':
      return onCommitted(state, event, schedule);
    case 'commit-failed':
      return onCommitFailed(state, event, schedule);
    case 'submissions-lost':
      return onLost(state, event, schedule);
    case 'operator':
      return onOperator(state, event, schedule);
    case 'time-passed':
      return to(state);
  }
}

/** [RD2] Closes a round whose time is over; tries a failed commit again. */
function onTime(state: RoundState, now: Instant, schedule: Schedule): Step {
  const due = wakeAt(state);
  if (due === null || now < due) return to(state);
  switch (state.state) {
    case 'training':
      if (state.submitted.length >= schedule.minimum) return closeRound(state);
      return repeatRound(state, now, schedule, tooFew(state, schedule));
    case 'aggregating':
      return to({ ...state, retryAt: null }, [commitOf(state)]);
    default:
      return to(state);
  }
}

/** [RD4] A client that comes, or comes back, is offered the round in progress unless it has submitted. */
function onReady(state: RoundState, { client, at }: EventOf<'client-ready'>, schedule: Schedule): Step {
  const known = presentBefore(state).includes(client);
  const next = known ? state : withPresent(state, [...presentBefore(state), client]);
  switch (next.state) {
    case 'recruiting':
      return beginIfEnough(next, at, schedule);
    case 'training':
      if (next.submitted.includes(client)) return to(next);
      return to({ ...next, settleAt: null }, [{ type: 'offer', clients: [client] }]);
    case 'aggregating':
    case 'paused':
    case 'finished':
    case 'failed':
    case 'stopped':
      return to(next);
  }
}

/** [RD4] Whoever leaves is not waited for. */
function onLeft(state: RoundState, { client, at }: EventOf<'client-left'>, schedule: Schedule): Step {
  const before = presentBefore(state);
  if (!before.includes(client)) return to(state);
  const next = withPresent(
    state,
    before.filter((other) => other !== client),
  );
  return next.state === 'training' ? to(settle(next, at, schedule)) : to(next);
}

function onSubmission(state: RoundState, event: EventOf<'submission'>, schedule: Schedule): Step {
  const { client, round, attempt, at } = event;
  if (isEnded(state)) {
    return to(state, [refuse(client, 'federation-ended', `The federation is over: it is ${state.state}.`)]);
  }
  const held = state.state === 'paused' ? state.held : state;
  const current = held.version + 1;
  if (round === current && held.submitted.includes(client)) return to(state, [{ type: 'answer-again', client }]); // [UP4]
  if (round < current) return to(state, [late(client, round, `the federation is at round ${current}`)]);
  // Until an attempt has begun nobody can have trained for it.
  const begun = held.state === 'recruiting' ? held.attempt - 1 : held.attempt;
  if (round > current || attempt > begun) {
    return to(state, [refuse(client, 'round-unknown', `Round ${round}, attempt ${attempt}, has not been offered.`)]);
  }
  if (held.state === 'aggregating') return to(state, [late(client, round, 'its result is being computed')]);

  // A delta of an earlier attempt is as good as one of this attempt: both start from the same version.
  const accepted = { ...held, submitted: [...held.submitted, client] };
  const effects: RoundEffect[] = [{ type: 'accept', client }];
  if (state.state === 'paused') return to({ ...state, held: accepted }, effects);
  if (accepted.state === 'recruiting') return andThen(effects, beginIfEnough(accepted, at, schedule));
  if (accepted.submitted.length >= schedule.goal) return andThen(effects, closeRound(accepted)); // [RD2]
  return to(settle(accepted, at, schedule), effects);
}

/** [RD3] The new theta_g is on disk: tell it, and go on. */
function onCommitted(state: RoundState, { at, tuned = [] }: EventOf<'committed'>, schedule: Schedule): Step {
  const aggregating = state.state === 'paused' ? state.held : state;
  if (aggregating.state !== 'aggregating') return to(state);
  const version = aggregating.version + 1;
  const { present, attempt, submitted } = aggregating;
  const closed: RoundEffect = {
    type: 'close',
    round: version,
    attempt,
    outcome: 'committed',
    version,
    submissions: submitted.length,
    reason: null,
  };
  const reason = targetReached(tuned, schedule);
  if (version >= schedule.rounds || reason) return to({ state: 'finished', version, present, reason }, [closed]);
  const next: Recruiting = { state: 'recruiting', version, attempt: 1, present, submitted: [] };
  if (state.state === 'paused') return to({ ...state, held: next }, [closed]);
  return andThen([closed], beginIfEnough(next, at, schedule));
}

function onCommitFailed(state: RoundState, event: EventOf<'commit-failed'>, schedule: Schedule): Step {
  const aggregating = state.state === 'paused' ? state.held : state;
  if (aggregating.state !== 'aggregating') return to(state);
  switch (event.cause) {
    case 'storage': {
      const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** aggregating.failures);
      const waiting = { ...aggregating, failures: aggregating.failures + 1, retryAt: event.at + wait };
      return to(state.state === 'paused' ? { ...state, held: waiting } : waiting);
    }
    case 'aggregate': {
      const emptied = { ...aggregating, submitted: [] };
      const discard: RoundEffect = { type: 'discard', round: aggregating.version + 1 };
      const failure = { count: aggregating.submitted.length, reason: event.reason };
      if (state.state !== 'paused') return andThen([discard], repeatRound(emptied, event.at, schedule, failure));
      const next = nextAttempt(emptied, schedule, failure);
      const paused = next.state.state === 'recruiting' ? { ...state, held: next.state } : next.state;
      return to(paused, [discard, ...next.effects]);
    }
  }
}

/** A round that was closed on submissions that are gone is repeated; those that are still there stay. */
function onLost(state: RoundState, { clients, at }: EventOf<'submissions-lost'>, schedule: Schedule): Step {
  if (isEnded(state)) return to(state);
  const held = state.state === 'paused' ? state.held : state;
  const submitted = held.submitted.filter((client) => !clients.includes(client));
  if (submitted.length === held.submitted.length) return to(state);
  const kept = { ...held, submitted };
  if (kept.state !== 'aggregating') {
    if (state.state === 'paused') return to({ ...state, held: kept });
    return to(
      kept.state === 'training' ? settle(kept, at, schedule) : kept,
      offerTo(kept.state === 'training' ? missing(kept) : []),
    );
  }
  const failure = { count: submitted.length, reason: 'Submissions were lost on disk.' };
  if (state.state !== 'paused') return repeatRound(kept, at, schedule, failure);
  const next = nextAttempt(kept, schedule, failure);
  return to(next.state.state === 'recruiting' ? { ...state, held: next.state } : next.state, next.effects);
}

function onOperator(state: RoundState, { action, at }: EventOf<'operator'>, schedule: Schedule): Step {
  if (isEnded(state)) return to(state);
  switch (action) {
    case 'start':
      if (state.state === 'paused') return state.why === 'new' ? resume(state, at, schedule) : to(state);
      // A second start does not wait for everybody that was to be recruited.
      if (state.state === 'recruiting' && takingPart(state) >= schedule.minimum) return begin(state, at, schedule);
      return to(state);
    case 'pause':
      return state.state === 'paused' ? to(state) : pause(state, at);
    case 'resume':
      return state.state === 'paused' && state.why === 'operator' ? resume(state, at, schedule) : to(state);
    case 'stop':
      return stop(state);
    case 'repeat':
      return state.state === 'training' ? repeatAnew(state, at, schedule) : to(state);
    case 'skip':
      return state.state === 'training' ? skip(state) : to(state);
  }
}

/** Everybody trains again, also who has submitted. What the operator repeats is not counted as the round's failure. */
function repeatAnew(state: Training, at: Instant, schedule: Schedule): Step {
  const { version, attempt, present, submitted } = state;
  const closed = failedClose(state, { count: submitted.length, reason: 'The operator has the round repeated.' });
  const again: Recruiting = { state: 'recruiting', version, attempt: attempt + 1, present, submitted: [] };
  return andThen([...discarded(state), closed], beginIfEnough(again, at, schedule));
}

/** The next version is theta_g as it is: a commit of nobody's submissions. */
function skip(state: Training): Step {
  return andThen(discarded(state), closeRound({ ...state, submitted: [] }));
}

function discarded({ version, submitted }: Training): readonly RoundEffect[] {
  return submitted.length > 0 ? [{ type: 'discard', round: version + 1 }] : [];
}

function pause(state: Active, at: Instant): Step {
  const remainingMs = state.state === 'training' ? Math.max(0, state.deadline - at) : 0;
  return to({ state: 'paused', why: 'operator', held: state, remainingMs });
}

function resume({ held, remainingMs }: Paused, at: Instant, schedule: Schedule): Step {
  switch (held.state) {
    case 'recruiting':
      return beginIfEnough(held, at, schedule);
    case 'training': {
      if (held.submitted.length >= schedule.goal) return closeRound(held);
      const resumed = settle({ ...held, deadline: at + remainingMs }, at, schedule);
      return to(resumed, offerTo(missing(resumed)));
    }
    case 'aggregating':
      return held.retryAt === null ? to(held) : to({ ...held, retryAt: null }, [commitOf(held)]);
  }
}

function stop(state: Active | Paused): Step {
  const held = state.state === 'paused' ? state.held : state;
  const reason = 'The operator stopped the federation.';
  const effects: RoundEffect[] =
    held.state === 'recruiting' ? [] : [failedClose(held, { count: held.submitted.length, reason })];
  if (held.submitted.length > 0) effects.push({ type: 'discard', round: held.version + 1 });
  return to({ state: 'stopped', version: held.version, present: held.present, reason }, effects);
}

/** [RD4] Nobody is connected now; a commit that was under way is done again, and comes out the same. */
function onRestart(state: RoundState, at: Instant, schedule: Schedule): Step {
  const alone = withPresent(state, []);
  switch (alone.state) {
    case 'training': {
      const grace = Math.min(RESTART_GRACE_MS, schedule.deadlineSeconds * 1000);
      return to(settle({ ...alone, deadline: Math.max(alone.deadline, at + grace) }, at, schedule));
    }
    case 'aggregating':
      return to({ ...alone, retryAt: null }, [commitOf(alone)]);
    case 'paused':
      if (alone.held.state !== 'aggregating') return to(alone);
      return to({ ...alone, held: { ...alone.held, retryAt: null } }, [commitOf(alone.held)]);
    case 'recruiting':
    case 'finished':
    case 'failed':
    case 'stopped':
      return to(alone);
  }
}

function beginIfEnough(state: Recruiting, at: Instant, schedule: Schedule): Step {
  return takingPart(state) >= neededFor(state, schedule) ? begin(state, at, schedule) : to(state);
}

function begin(state: Recruiting, at: Instant, schedule: Schedule): Step {
  const { version, attempt, present, submitted } = state;
  const deadline = at + schedule.deadlineSeconds * 1000;
  const training: Training = { state: 'training', version, attempt, present, submitted, deadline, settleAt: null };
  const begun: RoundEffect = { type: 'begin', round: version + 1, attempt, deadline };
  // Whoever submitted to a failed attempt counts for this one; with the goal reached there is nothing to wait for.
  if (submitted.length >= schedule.goal) return andThen([begun], closeRound(training));
  const settled = settle(training, at, schedule);
  return to(settled, [begun, ...offerTo(missing(settled))]);
}

function closeRound({ version, attempt, present, submitted }: Training): Step {
  const next: Aggregating = {
    state: 'aggregating',
    version,
    attempt,
    present,
    submitted,
    failures: 0,
    retryAt: null,
  };
  return to(next, [commitOf(next)]);
}

interface Failure {
  /** Submissions of the attempt that failed. */
  readonly count: number;
  readonly reason: string;
}

/** [RD2] The attempt has failed: another one under the same number, at once where enough clients are here. */
function repeatRound(state: Training | Aggregating, at: Instant, schedule: Schedule, failure: Failure): Step {
  const next = nextAttempt(state, schedule, failure);
  if (next.state.state !== 'recruiting') return to(next.state, next.effects);
  return andThen(next.effects, beginIfEnough(next.state, at, schedule));
}

function nextAttempt(
  state: Training | Aggregating,
  schedule: Schedule,
  failure: Failure,
): { state: Recruiting | Ended; effects: readonly RoundEffect[] } {
  const { version, attempt, present, submitted } = state;
  const closed = failedClose(state, failure);
  if (attempt <= schedule.maxRepeats) {
    return { state: { state: 'recruiting', version, attempt: attempt + 1, present, submitted }, effects: [closed] };
  }
  const reason = `Round ${version + 1} failed ${attempt} times. The last time: ${failure.reason}`;
  const effects: RoundEffect[] = [closed];
  if (submitted.length > 0) effects.push({ type: 'discard', round: version + 1 });
  return { state: { state: 'failed', version, present, reason }, effects };
}

/** A round in which everybody who is here has submitted, and it is enough, waits only a little for those who left. */
function settle(state: Training, at: Instant, schedule: Schedule): Training {
  const settled = state.submitted.length >= schedule.minimum && missing(state).length === 0;
  return { ...state, settleAt: settled ? at + schedule.settleSeconds * 1000 : null };
}

function missing(state: Training): readonly ClientId[] {
  return state.present.filter((client) => !state.submitted.includes(client));
}

/** Clients that are here or have already submitted. */
function takingPart(state: Recruiting): number {
  return new Set([...state.present, ...state.submitted]).size;
}

function tooFew(state: Training, schedule: Schedule): Failure {
  const count = state.submitted.length;
  return { count, reason: `${count} of at least ${schedule.minimum} submissions came before the deadline.` };
}

function failedClose({ version, attempt }: Active, { count, reason }: Failure): RoundEffect {
  return { type: 'close', round: version + 1, attempt, outcome: 'failed', version, submissions: count, reason };
}

function commitOf({ version, attempt }: Aggregating): RoundEffect {
  return { type: 'commit', round: version + 1, attempt };
}

function offerTo(clients: readonly ClientId[]): readonly RoundEffect[] {
  return clients.length > 0 ? [{ type: 'offer', clients }] : [];
}

function late(client: ClientId, round: number, now: string): RoundEffect {
  return refuse(client, 'round-closed', `Round ${round} has closed: ${now}. The submission came too late.`); // [UP5]
}

function refuse(
  client: ClientId,
  code: 'federation-ended' | 'round-closed' | 'round-unknown',
  message: string,
): RoundEffect {
  return { type: 'refuse', client, code, message };
}

function presentBefore(state: RoundState): readonly ClientId[] {
  return state.state === 'paused' ? state.held.present : state.present;
}

function to(state: RoundState, effects: readonly RoundEffect[] = []): Step {
  return { state, effects };
}

function andThen(effects: readonly RoundEffect[], next: Step): Step {
  return { state: next.state, effects: [...effects, ...next.effects] };
}
