import type { RowLoss } from '@perfit/protocol/tuner';
import { type Interval, percentileInterval } from './percentile-interval.ts';

/** What two adapters make of the same rows. */
export interface RowComparison extends Interval {
  /** Perplexity of the one over perplexity of the other: below 1 the one is better. */
  readonly ratio: number;
  /** How many rows it rests on. */
  readonly rows: number;
}

/** Whether joining was worth it, as far as a person's own held-out rows can say. */
export type Verdict = 'helped' | 'did-not-help' | 'cannot-tell';

/** With fewer rows the interval of a bootstrap is so much too narrow that it would promise what it cannot know. */
const MIN_ROWS = 8;
/** A difference that nobody would notice. */
const NEGLIGIBLE = 0.02;

/**
 * The ratio of two perplexities on the same rows, with its interval over rows. They weigh by their tokens, as in the
 * perplexities themselves.
 * @param one and @param other must be of the same rows in the same order
 * @returns null where no row has a token
 */
export function compareRows(one: readonly RowLoss[], other: readonly RowLoss[]): RowComparison | null {
  if (one.length !== other.length || one.some(({ tokens }, row) => tokens !== other[row]?.tokens))
    throw new RangeError('two adapters are compared on the same rows');
  const rows = one
    .map(({ nats, tokens }, row) => ({ difference: nats - (other[row] as RowLoss).nats, tokens }))
    .filter(({ tokens }) => tokens > 0);
  if (rows.length === 0) return null;
  return { ratio: Math.exp(meanOf(rows)), ...percentileInterval(rows, meanOf), rows: rows.length };
}

/** @param together the adapter that the client has of the federation, against the one of its text alone */
export function verdictOf(together: RowComparison | null): Verdict {
  if (!together || together.rows < MIN_ROWS) return 'cannot-tell';
  const { low, high } = together;
  if (high < 1) return 'helped';
  const isNegligible = low > 1 - NEGLIGIBLE && high < 1 + NEGLIGIBLE;
  return low >= 1 || isNegligible ? 'did-not-help' : 'cannot-tell';
}

/** The difference of two logarithms of perplexities. */
function meanOf(rows: readonly { readonly difference: number; readonly tokens: number }[]): number {
  const tokens = rows.reduce((sum, row) => sum + row.tokens, 0);
  return rows.reduce((sum, row) => sum + row.difference, 0) / tokens;
}
