import type { RoundView } from '@perfit/protocol';

export const phases = ['waiting', 'tuning', 'settling', 'committing'] as const;
export type Phase = (typeof phases)[number];

/** How long an attempt spent in what, in seconds. */
export type PhaseTimes = Readonly<Record<Phase, number>>;

/**
 * Waiting is since the attempt before; tuning goes on until the last submission came, settling until the round closed
 * for submissions, committing until everybody could fetch what became of it.
 * @param now in milliseconds, for an attempt that is under way
 */
export function phaseTimes(round: RoundView, before: RoundView | undefined, now: number): PhaseTimes {
  const started = Date.parse(round.startedAt);
  const closed = round.closedAt === null ? Math.max(now, started) : Date.parse(round.closedAt);
  const stopped = round.aggregatingAt === null ? closed : Date.parse(round.aggregatingAt);
  // What an earlier attempt left behind came before this one began.
  const received = round.submissions.map(({ receivedAt }) => Date.parse(receivedAt)).filter((at) => at >= started);
  const isTuning = round.state === 'training' || received.length === 0;
  const tuned = isTuning ? stopped : Math.min(Math.max(...received), stopped);
  return {
    waiting: before?.closedAt ? seconds(Date.parse(before.closedAt), started) : 0,
    tuning: seconds(started, tuned),
    settling: seconds(tuned, stopped),
    committing: seconds(stopped, closed),
  };
}

/** Every attempt in its order, with its times. */
export function timedRounds(rounds: readonly RoundView[], now: number): { round: RoundView; times: PhaseTimes }[] {
  const inOrder = rounds.toSorted((a, b) => a.number - b.number || a.attempt - b.attempt);
  return inOrder.map((round, i) => ({ round, times: phaseTimes(round, inOrder[i - 1], now) }));
}

/** What the submissions of one committed round say together; null where nobody shares it. */
export interface RoundFigures {
  readonly number: number;
  readonly submissions: number;
  /** Of the deltas. */
  readonly bytes: number;
  readonly loss: number | null;
  readonly base: number | null;
  readonly received: number | null;
  readonly tuned: number | null;
  /** The best and the worst of `tuned`. */
  readonly lowest: number | null;
  readonly highest: number | null;
}

/** [PF8] Means over those who share, each client counted once. */
export function roundFigures(rounds: readonly RoundView[]): RoundFigures[] {
  return rounds
    .filter(({ state }) => state === 'committed')
    .toSorted((a, b) => a.number - b.number)
    .map(({ number, submissions }) => {
      const shared = submissions.flatMap(({ perplexity }) => (perplexity ? [perplexity] : []));
      const tuned = shared.map((one) => one.tuned);
      return {
        number,
        submissions: submissions.length,
        bytes: submissions.reduce((sum, { bytes }) => sum + bytes, 0),
        loss: mean(submissions.flatMap(({ loss }) => (loss === null ? [] : [loss]))),
        base: mean(shared.map((one) => one.base)),
        received: mean(shared.map((one) => one.received)),
        tuned: mean(tuned),
        lowest: tuned.length ? Math.min(...tuned) : null,
        highest: tuned.length ? Math.max(...tuned) : null,
      };
    });
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function seconds(from: number, to: number): number {
  return Math.max(0, to - from) / 1000;
}
