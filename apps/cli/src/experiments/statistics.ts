import { percentileInterval } from '@perfit/federation';
import { seededRandom } from '@perfit/protocol/space';

export interface Estimate {
  readonly mean: number;
  /** Of the mean, over clients × seeds; null for a single one. */
  readonly standardError: number | null;
}

/** A geometric mean of ratios, with its 95 % interval. Below 1 is better than the reference. */
export interface Ratio {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

export interface Comparison extends Ratio {
  /** Two-sided, by flipping signs of client × seed pairs. */
  readonly p: number;
  /** The same with one pair a client, its mean over seeds: fewer pairs, but none that shares rows with another. */
  readonly pByClient: number;
  readonly pairs: number;
  readonly clients: number;
}

/** One client with one seed: ln(its perplexity / its perplexity under the reference). */
export interface Pair {
  readonly client: string;
  readonly log: number;
}

/** Fewer clients than this cannot be resampled: too often all of a resample would be one client. */
const MIN_CLIENTS = 4;
/** Up to so many signs are all combinations tried; beyond, so many of them by lot. */
const MAX_SIGNS = 14;
const FLIPS = 9_999;

/** @returns null where there is nothing to compare */
export function compare(pairs: readonly Pair[]): Comparison | null {
  if (pairs.length === 0) return null;
  const byClient = [...groupBy(pairs, ({ client }) => client).values()].map((own) => own.map(({ log }) => log));
  const logs = pairs.map(({ log }) => log);
  // Drawn are pairs, or, from four clients up, clients with all their seeds: these share the client's rows and are not
  // independent of each other. With few clients such an interval is still rather too narrow. Source: Field & Welsh 2007,
  // Bootstrapping clustered data, J. R. Stat. Soc. B 69(3), "the cluster bootstrap".
  const blocks = byClient.length >= MIN_CLIENTS ? byClient : logs.map((log) => [log]);
  return {
    ratio: Math.exp(mean(logs)),
    ...percentileInterval(blocks, (drawn) => mean(drawn.flat())),
    p: signFlipTest(logs),
    pByClient: signFlipTest(byClient.map(mean)),
    pairs: pairs.length,
    clients: byClient.length,
  };
}

/**
 * How often a mean as far from zero as this one comes about when each value's sign is tossed up: two-sided, exact up
 * to 14 values, otherwise by 9,999 draws from a fixed seed and the one that was observed.
 * Source: Fisher 1935, The Design of Experiments, §21; for draws Phipson & Smyth 2010 (arXiv 1603.05766), p = (b+1)/(m+1).
 */
export function signFlipTest(values: readonly number[]): number {
  const observed = Math.abs(sum(values));
  // Sums of the same numbers in another order differ in the last bits.
  const isAsFar = (total: number) => Math.abs(total) >= observed * (1 - 1e-12);
  const flipped = (isNegative: (i: number) => boolean) =>
    sum(values.map((value, i) => (isNegative(i) ? -value : value)));
  if (values.length <= MAX_SIGNS) {
    const combinations = 2 ** values.length;
    let asFar = 0;
    for (let bits = 0; bits < combinations; bits++) if (isAsFar(flipped((i) => ((bits >> i) & 1) === 1))) asFar++;
    return asFar / combinations;
  }
  const random = seededRandom(1);
  let asFar = 1;
  for (let i = 0; i < FLIPS; i++) if (isAsFar(flipped(() => random() < 0.5))) asFar++;
  return asFar / (FLIPS + 1);
}

/**
 * p-values of several questions that are asked of the same data, so adjusted that one in twenty such families has a false
 * answer at 0.05. Source: Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure.
 */
export function holmAdjusted(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => (values[a] as number) - (values[b] as number));
  const adjusted = new Array<number>(values.length);
  let least = 0;
  order.forEach((index, rank) => {
    least = Math.max(least, Math.min(1, (values.length - rank) * (values[index] as number)));
    adjusted[index] = least;
  });
  return adjusted;
}

/** The smallest p that flipping the signs of so many clients can give. */
export function smallestP(clients: number): number {
  return clients <= MAX_SIGNS ? 2 / 2 ** clients : 1 / (FLIPS + 1);
}

export function estimate(values: readonly number[]): Estimate {
  const center = mean(values);
  const deviation = standardDeviation(values);
  return { mean: center, standardError: deviation === null ? null : deviation / Math.sqrt(values.length) };
}

/** Of a sample; null for a single value. */
export function standardDeviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const center = mean(values);
  return Math.sqrt(sum(values.map((value) => (value - center) ** 2)) / (values.length - 1));
}

export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
