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
  const middle = median(tuned);
  if (middle > targetPerplexity) return null;
  return `The target is reached: the median perplexity of ${tuned.length} is ${shown(middle)}, of ${targetPerplexity} asked for.`;
}

/** Of at least one value. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [Math.floor((sorted.length - 1) / 2), Math.ceil((sorted.length - 1) / 2)];
  return ((sorted[low] as number) + (sorted[high] as number)) / 2;
}

function shown(perplexity: number): string {
  return String(Number(perplexity.toPrecision(4)));
}
