import { Mask } from '@perfit/protocol/space';

/**
 * The positions of the `count` highest scores among the candidates, ties to the lower index; exact, in two passes over
 * histograms of the scores' bits (floats that are not negative sort like their bit patterns).
 * @param scores each finite and not negative
 * @throws RangeError where a candidate's score is negative or not finite, or where there are fewer than `count`
 */
export function keepHighest(scores: Float32Array, count: number, candidates: Mask = Mask.full(scores.length)): Mask {
  if (count < 0 || count > candidates.kept) {
    throw new RangeError(`${count} of ${candidates.kept} candidates cannot be kept`);
  }
  if (count === candidates.kept) return candidates;
  if (count === 0) return Mask.empty(scores.length);
  const bits = sortableBits(scores);
  const positions = candidates.positions();
  for (const p of positions) {
    const score = scores[p] as number;
    if (!(score >= 0 && score < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`the score at ${p} is ${score}: scores must be finite and not negative`);
    }
  }

  // Which upper half do the last kept scores have, and how many of that half are kept?
  const upper = histogram(positions, (p) => (bits[p] as number) >>> 16);
  const { bucket: upperHalf, remaining } = cut(upper, count);
  const inUpper = positions.filter((p) => (bits[p] as number) >>> 16 === upperHalf);
  const lower = histogram(inUpper, (p) => (bits[p] as number) & 0xffff);
  const { bucket: lowerHalf, remaining: ties } = cut(lower, remaining);

  const threshold = ((upperHalf << 16) | lowerHalf) >>> 0;
  let tiesLeft = ties;
  return Mask.from(scores.length, (p) => {
    const value = bits[p] as number;
    if (!candidates.has(p) || value < threshold) return false;
    return value > threshold || tiesLeft-- > 0;
  });
}

/** The scores' bits; negative zero counts as zero. */
function sortableBits(scores: Float32Array): Uint32Array {
  const bits = new Uint32Array(scores.slice().buffer);
  for (let i = 0; i < bits.length; i++) if (bits[i] === 0x80000000) bits[i] = 0;
  return bits;
}

function histogram(positions: Uint32Array, keyOf: (position: number) => number): Uint32Array {
  const counts = new Uint32Array(0x10000);
  for (const p of positions) {
    const key = keyOf(p);
    counts[key] = (counts[key] as number) + 1;
  }
  return counts;
}

/** The bucket in which the `count`-th highest lies, and how many of that bucket are among the highest. */
function cut(counts: Uint32Array, count: number): { bucket: number; remaining: number } {
  let remaining = count;
  for (let bucket = counts.length - 1; bucket > 0; bucket--) {
    const here = counts[bucket] as number;
    if (here >= remaining) return { bucket, remaining };
    remaining -= here;
  }
  return { bucket: 0, remaining };
}
