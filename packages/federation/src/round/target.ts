import { median } from '../aggregation/column-means.ts';
import type { Schedule } from './round-state.ts';

/**
 * [RD2] Why a federation is finished before its last round; null where it is not. The median, because a single client
 * that makes its figure up must not decide it.
 * @param tuned perplexities of a round's tuned personal models, of those who share theirs (PF8)
 */
export function targetReached(
  tuned: readonly number[],
  { targetPerplexity, minimum }: Pick<Schedule, 'targetPerplexity' | 'minimum'>,
): string | null {
  if (targetPerplexity === undefined || tuned.length < minimum) return null;
  const middle = median({ values: Float64Array.from(tuned) });
  if (middle > targetPerplexity) return null;
  return `The target is reached: the median perplexity of ${tuned.length} is ${shown(middle)}, of ${targetPerplexity} asked for.`;
}

function shown(perplexity: number): string {
  return String(Number(perplexity.toPrecision(4)));
}
