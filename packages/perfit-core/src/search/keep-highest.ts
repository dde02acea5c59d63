import { Mask } from '@perfit/protocol/space';

/** Floats from here on are infinite or no numbers, and those with a sign lie behind them. */
const INFINITY_BITS = 0x7f800000;
const NEGATIVE_ZERO = 0x80000000;
const HALVES = 0x10000;

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
  const bits = new Uint32Array(candidates.pack(scores).buffer);

  // Which upper half do the last kept scores have, and how many of that half are kept?
  const upper = new Uint32Array(HALVES);
  for (let i = 0; i < bits.length; i++) {
    let value = bits[i] as number;
    if (value >= INFINITY_BITS) {
      if (value !== NEGATIVE_ZERO) throw invalidScore(scores, candidates.positions()[i] as number);
      value = bits[i] = 0;
    }
    upper[value >>> 16] = (upper[value >>> 16] as number) + 1;
  }
  const { bucket: upperHalf, remaining } = cut(upper, count);
  const lower = new Uint32Array(HALVES);
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i] as number;
    if (value >>> 16 === upperHalf) lower[value & 0xffff] = (lower[value & 0xffff] as number) + 1;
  }
  const { bucket: lowerHalf, remaining: ties } = cut(lower, remaining);
  return narrowed(candidates, bits, { threshold: upperHalf * HALVES + lowerHalf, ties });
}

/** What is above the threshold, and the first `ties` of what is at it. @param bits of the candidates, in order */
function narrowed(
  candidates: Mask,
  bits: Uint32Array,
  { threshold, ties }: { readonly threshold: number; readonly ties: number },
): Mask {
  const kept = candidates.bytes.slice();
  let tiesLeft = ties;
  let next = 0;
  for (let i = 0; i < kept.length; i++) {
    let byte = kept[i] as number;
    for (let rest = byte; rest; rest &= rest - 1) {
      const value = bits[next++] as number;
      const isKept = value > threshold || (value === threshold && tiesLeft-- > 0);
      if (!isKept) byte &= ~(rest & -rest);
    }
    kept[i] = byte;
  }
  return Mask.fromBytes(candidates.size, kept);
}

function invalidScore(scores: Float32Array, position: number): RangeError {
  return new RangeError(`the score at ${position} is ${scores[position]}: scores must be finite and not negative`);
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
