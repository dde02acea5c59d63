/** What the owners of one position sent: [n] values with their [n] weights. n is at least 1, and all is finite. */
export interface Column {
  readonly values: Float32Array;
  readonly weights: Float64Array;
}

/** Σ w x / Σ w, added up in the order of arrival, as `ParameterSums` does. */
export function weightedMean({ values, weights }: Column): number {
  let sum = 0;
  let weight = 0;
  for (let i = 0; i < values.length; i++) {
    sum += (weights[i] as number) * (values[i] as number);
    weight += weights[i] as number;
  }
  return sum / weight;
}

/**
 * The weighted mean without the t smallest and the t largest values, t = ⌊share·n⌋. Up to t owners can say what they
 * like, of values and of weights: what remains lies between the values of the others. Of values that are equal at the
 * edge each keeps the same share, so that the order of arrival does not matter.
 * Source: Yin et al. 2018 (arXiv 1803.01498), definition 2; theirs is without weights.
 * @param share in [0, 0.5)
 */
export function trimmedMean({ values, weights }: Column, share: number): number {
  const n = values.length;
  const cut = trimOf(share, n);
  const sorted = values.slice().sort();
  const low = sorted[cut] as number;
  const high = sorted[n - 1 - cut] as number;
  if (low === high) return low;
  const ofLow = shareAtEdge(sorted, low, cut);
  const ofHigh = shareAtEdge(sorted.reverse(), high, cut);
  let sum = 0;
  let weight = 0;
  for (let i = 0; i < n; i++) {
    const value = values[i] as number;
    if (value < low || value > high) continue;
    const kept = (weights[i] as number) * (value === low ? ofLow : value === high ? ofHigh : 1);
    sum += kept * value;
    weight += kept;
  }
  // Rounding may not carry the mean past what was sent.
  return Math.min(high, Math.max(low, sum / weight));
}

/**
 * The value in the middle, of an even number the mean of both. Weights do not count: numbers of examples are said by
 * the clients themselves, and one of them could move the middle by a large one.
 * Source: Yin et al. 2018 (arXiv 1803.01498), definition 1.
 */
export function median({ values }: { readonly values: Float32Array | Float64Array }): number {
  const sorted = values.slice().sort();
  const upper = sorted.length >> 1;
  const high = sorted[upper] as number;
  return sorted.length % 2 ? high : ((sorted[upper - 1] as number) + high) / 2;
}

/** How many values go at each end: of ten and a share of 0.3 three, although 0.3 · 10 may come out below. */
export function trimOf(share: number, owners: number): number {
  return Math.floor(share * owners + 1e-9);
}

/** What share of the values equal to `edge` is left when `cut` values before it and of it are gone. */
function shareAtEdge(sorted: Float32Array, edge: number, cut: number): number {
  let end = cut;
  while (end < sorted.length && sorted[end] === edge) end++;
  let start = cut;
  while (start > 0 && sorted[start - 1] === edge) start--;
  return (end - cut) / (end - start);
}
