/** Attention as the formula has it, one number after the other in 64 bits: what the WGSL programs are held against. */
export interface NaiveAttention {
  /** B */
  readonly sequences: number;
  /** T */
  readonly queryRows: number;
  /** S */
  readonly keyRows: number;
  /** H */
  readonly heads: number;
  /** K */
  readonly keyHeads: number;
  /** d */
  readonly headWidth: number;
  readonly firstPosition: number;
  /** [B, T, H, d] */
  readonly q: Numbers;
  /** [B, S, K, d] */
  readonly k: Numbers;
  /** [B, S, K, d] */
  readonly v: Numbers;
  /** [B, T] */
  readonly starts: Int32Array | null;
}

/** Laid out like what it is the gradient of; logSumExp [B, H, T]. */
export interface NaiveResult {
  readonly out: Float64Array;
  readonly logSumExp: Float64Array;
  readonly dQ: Float64Array;
  readonly dK: Float64Array;
  readonly dV: Float64Array;
}

type Numbers = Float32Array | Float64Array;

/** @param dOut [B, T, H, d] */
export function naiveAttention(attention: NaiveAttention, dOut: Numbers): NaiveResult {
  const { sequences, queryRows, heads, q, k, v } = attention;
  const result: NaiveResult = {
    out: new Float64Array(q.length),
    logSumExp: new Float64Array(sequences * heads * queryRows),
    dQ: new Float64Array(q.length),
    dK: new Float64Array(k.length),
    dV: new Float64Array(v.length),
  };
  for (let row = 0; row < sequences * queryRows; row++) {
    for (let h = 0; h < heads; h++) attendRow(row, h);
  }
  return result;

  function attendRow(row: number, h: number): void {
    const { queryRows, keyRows, heads, keyHeads, headWidth, firstPosition, starts } = attention;
    const [b, t] = [Math.floor(row / queryRows), row % queryRows];
    const keyHead = Math.floor((h * keyHeads) / heads);
    const ofQuery = <T extends Numbers>(x: T) => rowOf(x, row * heads + h, headWidth);
    const ofKey = <T extends Numbers>(x: T, s: number) => rowOf(x, (b * keyRows + s) * keyHeads + keyHead, headWidth);
    const first = starts?.[row] ?? 0;
    const seen = Array.from({ length: firstPosition + t + 1 - first }, (_, i) => first + i);
    const scale = 1 / Math.sqrt(headWidth);

    const scores = seen.map((s) => scale * dot(ofQuery(q), ofKey(k, s)));
    const most = Math.max(...scores);
    const logSumExp = most + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - most), 0));
    const weights = scores.map((score) => Math.exp(score - logSumExp));
    result.logSumExp[(b * heads + h) * queryRows + t] = logSumExp;
    for (const [j, s] of seen.entries()) addTo(ofQuery(result.out), weights[j] as number, ofKey(v, s));

    const delta = dot(ofQuery(dOut), ofQuery(result.out));
    for (const [j, s] of seen.entries()) {
      const weight = weights[j] as number;
      const dScore = scale * weight * (dot(ofQuery(dOut), ofKey(v, s)) - delta);
      addTo(ofKey(result.dV, s), weight, ofQuery(dOut));
      addTo(ofQuery(result.dQ), dScore, ofKey(k, s));
      addTo(ofKey(result.dK, s), dScore, ofQuery(q));
    }
  }
}

function rowOf<T extends Numbers>(x: T, row: number, width: number): T {
  return x.subarray(row * width, (row + 1) * width) as T;
}

function dot(a: Numbers, b: Numbers): number {
  let sum = 0;
  for (const [i, value] of a.entries()) sum += value * (b[i] as number);
  return sum;
}

function addTo(sum: Float64Array, weight: number, x: Numbers): void {
  for (const [i, value] of x.entries()) sum[i] = (sum[i] as number) + weight * value;
}
