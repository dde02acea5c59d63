import type { Random } from '@perfit/protocol/space';

export interface SamplingOptions {
  /** Logits are divided by it; 0 takes the likeliest token always. */
  readonly temperature: number;
  /** Only the k likeliest tokens; 0 takes all. */
  readonly topK: number;
  /** Only the likeliest tokens that together have at least this probability; 1 takes all. */
  readonly topP: number;
  /** Only tokens with at least this share of the likeliest one's probability; 0 takes all. */
  readonly minP: number;
}

/** What may be drawn: ids, the likeliest first, and their probabilities, which sum to 1. */
export interface TokenDistribution {
  readonly ids: Int32Array;
  readonly probabilities: Float64Array;
}

/**
 * Makes tokens that came before less likely: a positive logit is divided by the penalty, a negative one multiplied.
 * @param logits [V], left as they are
 * @param spared ids that are never made less likely
 * @returns [V]
 * Source: Keskar et al. 2019 (arXiv 1909.05858), section 4.1, in Hugging Face's form.
 */
export function penalizeRepetition(
  logits: Float32Array,
  previousIds: Iterable<number>,
  penalty: number,
  spared: ReadonlySet<number> = new Set(),
): Float32Array {
  const penalized = logits.slice();
  if (penalty === 1) return penalized;
  for (const id of new Set(previousIds)) {
    const logit = logits[id];
    if (logit === undefined || spared.has(id)) continue;
    penalized[id] = logit > 0 ? logit / penalty : logit * penalty;
  }
  return penalized;
}

/**
 * Temperature, then top-k, top-p and min-p, each over what the one before left; at least one token stays. Equal logits
 * go by their ids. Not a number and -∞ are never drawn.
 * @param logits [V]
 * @throws RangeError where no logit can be drawn
 */
export function tokenDistribution(logits: Float32Array, options: SamplingOptions): TokenDistribution {
  const { temperature, topK, topP, minP } = options;
  if (temperature === 0) return { ids: Int32Array.of(likeliest(logits)), probabilities: Float64Array.of(1) };
  const ids = topK > 0 ? topIds(logits, topK) : sortedIds(logits);
  const highest = logits[ids[0] as number] as number;
  const weights = Float64Array.from(ids, (id) => Math.exp(((logits[id] as number) - highest) / temperature));
  let count = weights.length;
  if (topP < 1) {
    const wanted = topP * sum(weights);
    let mass = 0;
    for (count = 0; count < weights.length && (count === 0 || mass < wanted); count++) mass += weights[count] as number;
  }
  // The likeliest token's weight is 1.
  if (minP > 0) while (count > 1 && (weights[count - 1] as number) < minP) count--;
  const kept = weights.subarray(0, count);
  const total = sum(kept);
  return { ids: ids.subarray(0, count), probabilities: kept.map((weight) => weight / total) };
}

/** Draws one id. @param random uniform in [0, 1) */
export function drawToken({ ids, probabilities }: TokenDistribution, random: Random): number {
  let rest = random();
  for (let i = 0; i < ids.length - 1; i++) {
    rest -= probabilities[i] as number;
    if (rest < 0) return ids[i] as number;
  }
  return ids[ids.length - 1] as number;
}

function likeliest(logits: Float32Array): number {
  let best = -1;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] as number;
    if (logit > (best < 0 ? Number.NEGATIVE_INFINITY : (logits[best] as number))) best = id;
  }
  if (best < 0) throw nothingToDraw();
  return best;
}

function sortedIds(logits: Float32Array): Int32Array {
  const ids = Int32Array.from(logits.keys()).filter((id) => (logits[id] as number) > Number.NEGATIVE_INFINITY);
  if (ids.length === 0) throw nothingToDraw();
  return ids.sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b);
}

/** The k likeliest by one pass: a vocabulary is large, k is small. */
function topIds(logits: Float32Array, k: number): Int32Array {
  if (k >= logits.length) return sortedIds(logits);
  const ids: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] as number;
    const last = ids.length === k ? (logits[ids[k - 1] as number] as number) : Number.NEGATIVE_INFINITY;
    if (!(logit > last)) continue;
    let at = ids.length === k ? k - 1 : ids.length;
    for (; at > 0 && (logits[ids[at - 1] as number] as number) < logit; at--) ids[at] = ids[at - 1] as number;
    ids[at] = id;
  }
  if (ids.length === 0) throw nothingToDraw();
  return Int32Array.from(ids);
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function nothingToDraw(): RangeError {
  return new RangeError('no token has a logit that can be drawn');
}
