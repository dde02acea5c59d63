import { seededRandom } from '@perfit/protocol/space';
import { DataError } from './data-error.ts';
import type { Example } from './example.ts';
import { exampleKey } from './example-key.ts';

export interface SplitOptions {
  /** The share that is only ever evaluated, in (0, 1). */
  readonly heldOutFraction: number;
  readonly seed: number;
}

export interface ExampleSplit {
  /** Both in the order of the given examples. */
  readonly training: readonly Example[];
  readonly heldOut: readonly Example[];
}

/** Fewer say nothing about a perplexity. */
const FEWEST_HELD_OUT = 4;

/**
 * PF8: the examples whose hashes under the seed are lowest are held out, at least four. An example's side hangs on
 * its own text and hardly on the others: the same file in another order splits the same, and a file that has grown
 * keeps nearly all that it held out. Equal examples go to the same side.
 * @throws DataError `data-too-few` where not both sides get examples
 */
export function splitExamples(examples: readonly Example[], { heldOutFraction, seed }: SplitOptions): ExampleSplit {
  if (!(heldOutFraction > 0 && heldOutFraction < 1)) {
    throw new RangeError(`the held-out share lies between 0 and 1, not at ${heldOutFraction}`);
  }
  const keys = examples.map(exampleKey);
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  const ranked = [...counts.keys()]
    .map((key) => ({ key, rank: seededRandom(seed ^ fnv1a(key))() }))
    .sort((a, b) => a.rank - b.rank || (a.key < b.key ? -1 : 1));
  const wanted = Math.max(FEWEST_HELD_OUT, Math.round(heldOutFraction * examples.length));
  const heldOutKeys = new Set<string>();
  let held = 0;
  for (const { key } of ranked) {
    if (held >= wanted) break;
    heldOutKeys.add(key);
    held += counts.get(key) as number;
  }
  if (held < FEWEST_HELD_OUT || held >= examples.length) {
    throw new DataError(
      'data-too-few',
      `${examples.length} examples, ${counts.size} of them different, are too few to learn from some and hold out ${wanted}.`,
      { examples: examples.length, different: counts.size, heldOut: wanted },
    );
  }
  const side = (isHeldOut: boolean) => examples.filter((_, i) => heldOutKeys.has(keys[i] as string) === isHeldOut);
  return { training: side(false), heldOut: side(true) };
}

/** Fowler, Noll & Vo: 32 bits over the UTF-16 units. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
