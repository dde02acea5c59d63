import { seededRandom } from '@perfit/protocol/space';

/**
 * Sets a share of the training rows aside, to choose the best of several rounds by: round(share · rows), at least one
 * where the share is not 0 and a row is left to train on. The rest keeps its order.
 */
export function takeValidation<Row>(
  rows: readonly Row[],
  { share, seed }: { readonly share: number; readonly seed: number },
): { training: Row[]; validation: Row[] } {
  const wanted = share === 0 ? 0 : Math.min(rows.length - 1, Math.max(1, Math.round(share * rows.length)));
  const random = seededRandom(seed);
  const ranked = rows.map((_, i) => ({ i, rank: random() })).sort((a, b) => a.rank - b.rank || a.i - b.i);
  const taken = new Set(ranked.slice(0, Math.max(0, wanted)).map(({ i }) => i));
  const side = (isTaken: boolean) => rows.filter((_, i) => taken.has(i) === isTaken);
  return { training: side(false), validation: side(true) };
}
