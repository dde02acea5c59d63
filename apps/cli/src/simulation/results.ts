import { seededRandom } from '@perfit/protocol/space';

/** A round of a client, in one cell of the experiment. */
export interface ResultRow {
  readonly experiment: string;
  readonly strategy: string;
  readonly setting: string;
  readonly seed: number;
  readonly client: string;
  readonly round: number;
  readonly perplexity: { readonly base: number; readonly received: number; readonly tuned: number };
  readonly trainable: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly seconds: number;
}

export interface Estimate {
  readonly mean: number;
  /** Of the mean, over clients × seeds; null for a single one. */
  readonly standardError: number | null;
}

export interface Summary {
  readonly experiment: string;
  readonly strategy: string;
  readonly setting: string;
  /** Tuned, after the last round. */
  readonly perplexity: Estimate;
  /** Null where FedIT was not run. */
  readonly againstFedit: { readonly ratio: number; readonly low: number; readonly high: number } | null;
}

/** What the table shows beyond the summary. */
export interface TableRow extends Summary {
  /** What the last round's tuning started from: for FedIT, the global model. */
  readonly received: Estimate;
  /** The round with the lowest mean. It is chosen on the held-out rows themselves: too good for every strategy alike. */
  readonly best: Estimate & { readonly round: number };
  /** A client's mean. */
  readonly trainable: number;
  /** A client's, over all rounds. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly seconds: number;
}

const RESAMPLES = 2000;

export function summarize(rows: readonly ResultRow[]): TableRow[] {
  const groups = groupBy(rows, ({ strategy, setting }) => JSON.stringify([strategy, setting]));
  return [...groups.values()].map((own) => {
    const { experiment, strategy, setting } = own[0] as ResultRow;
    const units = unitsOf(own);
    const last = [...units.values()].map((of) => of.at(-1) as ResultRow);
    const fedit = groups.get(JSON.stringify(['fedit', setting])) ?? groups.get(JSON.stringify(['fedit', 'default']));
    const rounds = [...new Set(own.map(({ round }) => round))].sort((a, b) => a - b);
    const byRound = rounds.map((round) => ({
      round,
      ...estimate(own.filter((row) => row.round === round).map((row) => row.perplexity.tuned)),
    }));
    const perUnit = (value: (row: ResultRow) => number) =>
      mean([...units.values()].map((of) => of.reduce((sum, row) => sum + value(row), 0)));
    return {
      experiment,
      strategy,
      setting,
      perplexity: estimate(last.map((row) => row.perplexity.tuned)),
      againstFedit: fedit ? pairedRatio(units, unitsOf(fedit)) : null,
      received: estimate(last.map((row) => row.perplexity.received)),
      best: byRound.reduce((best, of) => (of.mean < best.mean ? of : best)),
      trainable: mean(last.map((row) => row.trainable)),
      bytesUp: perUnit((row) => row.bytesUp),
      bytesDown: perUnit((row) => row.bytesDown),
      seconds: perUnit((row) => row.seconds),
    };
  });
}

type Units = Map<string, ResultRow[]>;

/** A client of a seed, with its rounds in order. */
function unitsOf(rows: readonly ResultRow[]): Units {
  const units = groupBy(rows, ({ client, seed }) => JSON.stringify([client, seed]));
  for (const own of units.values()) own.sort((a, b) => a.round - b.round);
  return units;
}

/**
 * The geometric mean over clients × seeds of tuned perplexity divided by FedIT's at the same client and seed, after the
 * last round, with a 95 % interval by the paired bootstrap (percentiles of resampled pairs, from a fixed seed).
 * Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.
 */
function pairedRatio(units: Units, fedit: Units): { ratio: number; low: number; high: number } | null {
  const logs: number[] = [];
  for (const [unit, rows] of units) {
    const reference = fedit.get(unit)?.at(-1);
    if (reference) logs.push(Math.log((rows.at(-1) as ResultRow).perplexity.tuned / reference.perplexity.tuned));
  }
  if (logs.length === 0) return null;
  const random = seededRandom(1);
  const means = Array.from({ length: RESAMPLES }, () =>
    mean(logs.map(() => logs[Math.floor(random() * logs.length)] as number)),
  ).sort((a, b) => a - b);
  const at = (share: number) => Math.exp(means[Math.round(share * (RESAMPLES - 1))] as number);
  return { ratio: Math.exp(mean(logs)), low: at(0.025), high: at(0.975) };
}

function estimate(values: readonly number[]): Estimate {
  const center = mean(values);
  if (values.length < 2) return { mean: center, standardError: null };
  const variance = values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1);
  return { mean: center, standardError: Math.sqrt(variance / values.length) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
