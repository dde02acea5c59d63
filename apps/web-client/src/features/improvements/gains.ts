import type { ComparedExample } from '../../contract/comparison-api.ts';

export type Standing = 'better' | 'worse' | 'same';

/** A perplexity that is lower by less than this share is no gain worth the name. */
const SAME = 0.02;

export interface Tally {
  readonly better: number;
  readonly worse: number;
  readonly same: number;
}

/** How many times less surprised the personal model is: base perplexity by personal perplexity. Below 1 it is worse. */
export function gainOf({ base, personal }: Pick<ComparedExample, 'base' | 'personal'>): number {
  return Math.exp(base - personal);
}

export function standingOf(example: Pick<ComparedExample, 'base' | 'personal'>): Standing {
  const gain = gainOf(example);
  if (Math.abs(Math.log(gain)) < -Math.log(1 - SAME)) return 'same';
  return gain > 1 ? 'better' : 'worse';
}

export function tallyOf(examples: readonly ComparedExample[]): Tally {
  const tally = { better: 0, worse: 0, same: 0 };
  for (const example of examples) tally[standingOf(example)]++;
  return tally;
}

/** [PF8] Of all tokens together, as the page's charts have it. */
export function perplexityOf(examples: readonly ComparedExample[], which: 'base' | 'personal'): number {
  const tokens = examples.reduce((sum, example) => sum + example.tokens, 0);
  return Math.exp(examples.reduce((sum, example) => sum + example.tokens * example[which], 0) / tokens);
}

/** Share of all tokens that a model would have written itself, given the right ones before. */
export function tokenAccuracyOf(examples: readonly ComparedExample[], which: 'base' | 'personal'): number {
  const tokens = examples.reduce((sum, example) => sum + example.tokens, 0);
  return examples.reduce((sum, { hits }) => sum + hits[which], 0) / tokens;
}

/** The greatest gain first. */
export function byGain(examples: readonly ComparedExample[]): ComparedExample[] {
  return [...examples].sort((a, b) => gainOf(b) - gainOf(a));
}
