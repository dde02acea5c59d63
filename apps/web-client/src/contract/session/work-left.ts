import type { Activity, SessionState } from './session-state.ts';

/** A step goes over its rows forward, and twice as long backward; an evaluation only forward. */
const PASSES_OF_A_STEP = 3;

/** Rows times passes: what takes the time of a round. Null where nobody can know. */
export interface WorkLeft {
  /** Of the present activity. */
  readonly activity: number | null;
  /** Of this client's part of the round. */
  readonly round: number | null;
  /** Of a whole part, done or not. */
  readonly ofRound: number | null;
}

const unknown: WorkLeft = { activity: null, round: null, ofRound: null };

type Known = Pick<SessionState, 'activity' | 'federation' | 'examples' | 'rounds' | 'losses' | 'basePerplexity'>;

/** What is left to do, in rows times passes: by what the federation's schedule asks for, and by the steps that are told. */
export function workLeft(session: Known): WorkLeft {
  const { activity, federation, examples } = session;
  const number = session.rounds.at(-1)?.number;
  if (!federation || !examples || number === undefined) return unknown;
  const parts = partsOf(session, number);
  const at = positionIn(activity, session);
  if (at === null) return unknown;
  const { part, share } = at;
  const order = Object.keys(parts) as (keyof typeof parts)[];
  const later = part === null ? [] : order.slice(order.indexOf(part) + 1);
  const own = part === null ? 0 : parts[part] * (1 - share);
  const total = (names: readonly (keyof typeof parts)[]) => names.reduce((sum, name) => sum + parts[name], 0);
  return { activity: own, round: own + total(later), ofRound: total(order) };
}

/** How much of this client's part of the round is done, 0 … 1; null where nobody can know. */
export function roundShare(session: Known): number | null {
  const { round, ofRound } = workLeft(session);
  return round === null || !ofRound ? null : Math.min(1, Math.max(0, 1 - round / ofRound));
}

/** Rows that a step looks at. */
export function rowsOfStep({ federation }: Pick<SessionState, 'federation'>): number | null {
  if (!federation) return null;
  const { batchSize, accumulation } = federation.config.tuning;
  return PASSES_OF_A_STEP * batchSize * accumulation;
}

/** In the order in which they are done. */
interface Parts {
  readonly 'warm-up': number;
  readonly pruning: number;
  readonly base: number;
  readonly received: number;
  readonly tuning: number;
  readonly tuned: number;
}

function partsOf({ activity, federation, examples, losses, basePerplexity }: Known, number: number): Parts {
  const config = (federation as NonNullable<Known['federation']>).config;
  const { training, heldOut } = examples as NonNullable<Known['examples']>;
  const { batchSize, accumulation, epochs } = config.tuning;
  const { warmupEpochs, iterations, batches } = config.search;
  const stepsInEpoch = Math.ceil(Math.ceil(training / batchSize) / accumulation);
  const rows = PASSES_OF_A_STEP * batchSize * accumulation;
  const steps = (asked: number) => (asked === 0 ? 0 : Math.max(1, Math.round(asked * stepsInEpoch)));
  const { validation } = config.evaluation;
  const evaluated = heldOut + Math.round((training * validation) / (1 - validation));
  const hasSearch =
    (activity.kind === 'preparing' && activity.search) ||
    activity.kind === 'warming-up' ||
    activity.kind === 'pruning' ||
    losses.findLast(({ part }) => part === 'warm-up')?.round === number;
  return {
    'warm-up': hasSearch ? rows * steps(warmupEpochs) : 0,
    pruning: hasSearch ? PASSES_OF_A_STEP * batchSize * batches * iterations : 0,
    base: basePerplexity === null ? heldOut : 0,
    received: evaluated,
    tuning: rows * steps(epochs),
    tuned: evaluated,
  };
}

/** Which part the activity is, and how far it is; a part of null is the end. */
function positionIn(activity: Activity, { rounds }: Known): { part: keyof Parts | null; share: number } | null {
  switch (activity.kind) {
    case 'preparing':
      if (activity.search) return { part: 'warm-up', share: 0 };
      return rounds.at(-1)?.received === null ? { part: 'base', share: 0 } : { part: 'tuning', share: 0 };
    case 'warming-up':
      return { part: 'warm-up', share: activity.step / Math.max(1, activity.steps) };
    case 'pruning':
      return { part: 'pruning', share: activity.iteration / Math.max(1, activity.iterations) };
    case 'measuring':
      return { part: activity.of, share: 0 };
    case 'tuning':
      return { part: 'tuning', share: activity.step / Math.max(1, activity.steps) };
    case 'downloading':
      return { part: 'received', share: 0 };
    case 'uploading':
      return activity.what === 'delta' ? { part: null, share: 0 } : { part: 'base', share: 0 };
    default:
      return null;
  }
}
