import { seededRandom } from '@perfit/protocol/space';

const RESAMPLES = 2000;

/** Of a ratio, with 95 %. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * A 95 % interval of a ratio by the percentile bootstrap, from a fixed seed.
 * Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.
 * @param items drawn with replacement, as many as there are   @param logOf the logarithm of the ratio that a draw has
 */
export function percentileInterval<T>(items: readonly T[], logOf: (drawn: readonly T[]) => number): Interval {
  const random = seededRandom(1);
  const draw = () => items[Math.floor(random() * items.length)] as T;
  const logs = Array.from({ length: RESAMPLES }, () => logOf(items.map(draw))).sort((a, b) => a - b);
  const at = (share: number) => Math.exp(logs[Math.round(share * (RESAMPLES - 1))] as number);
  return { low: at(0.025), high: at(0.975) };
}
