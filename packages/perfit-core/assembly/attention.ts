// Causal grouped-query attention by blocks of queries: the scores of a block against all keys that it sees are all that
// there is at a time.

import { exponential, exponentialOf, logarithm } from './exponential';
import { dot, largestLane, sumOfLanes } from './multiply-add';
import { packedRows, product, ROWS_AT } from './product';

/** Queries of a block. */
const BLOCK: u32 = 32;

/**
 * @param from, to which of the B·K key heads, each with the heads that read it
 * @param queries first element of head 0 of row 0, as `keys` and `values`; rows lie so many bytes apart
 * @param length T, queries of a sequence   @param span rows from the keys of one sequence to those of the next
 * @param first where the first query stands among the keys
 * @param out [B·T, H·d]   @param logSumExp [B·H·T]
 * @param scratch 8448 bytes, 32 · 256 values for a product, then 32 rows of as many scores as there are keys
 */
export function attentionForward(
  from: u32, to: u32,
  heads: u32,
  keyHeads: u32,
  width: u32,
  length: u32,
  span: u32,
  first: u32,
  queries: usize,
  queryRow: usize,
  keys: usize,
  keyRow: usize,
  values: usize,
  valueRow: usize,
  out: usize,
  logSumExp: usize,
  scratch: usize,
): void {
  const scores = scratch + ROWS_AT + packedRows(BLOCK, 256);
  const scale: f32 = 1 / sqrt<f32>(<f32>width);
  const outRow = (<usize>(heads * width)) << 2;
  const group = heads / keyHeads;
  for (let unit = from; unit < to; unit++) {
    const b = unit / keyHeads;
    const firstHead = (unit % keyHeads) * group;
    for (let h = firstHead; h < firstHead + group; h++) {
      const keyHead = (<usize>((h / group) * width)) << 2;
      const k = keys + <usize>(b * span) * keyRow + keyHead;
      const v = values + <usize>(b * span) * valueRow + keyHead;
      for (let q0: u32 = 0; q0 < length; q0 += BLOCK) {
        const rows = min(BLOCK, length - q0);
        // Padding behind a prompt may have had no room among the keys.
        const seen = min(first + q0 + rows, span);
        const q = queries + <usize>(b * length + q0) * queryRow + ((<usize>(h * width)) << 2);
        const o = out + <usize>(b * length + q0) * outRow + ((<usize>(h * width)) << 2);
        const scoreRow = (<usize>seen) << 2;
        product<f32>(
          rows,
          seen,
          width,
          scale,
          false,
          q,
          queryRow,
          4,
          k,
          0,
          <u32>(keyRow >> 2),
          0,
          true,
          scores,
          scoreRow,
          scratch,
        );
        for (let row: u32 = 0; row < rows; row++) {
          const sum = softmax(scores + <usize>row * scoreRow, min(first + q0 + row + 1, seen), seen);
          store<f32>(logSumExp + ((<usize>((b * heads + h) * length + q0 + row)) << 2), sum);
        }
        product<f32>(
          rows,
          width,
          seen,
          1,
          false,
          scores,
          scoreRow,
          4,
          v,
          0,
          <u32>(valueRow >> 2),
          0,
          false,
          o,
          outRow,
          scratch,
        );
      }
    }
  }
}

/** In place, of the first `count`; the rest become zeros. @returns log Σ exp */
function softmax(row: usize, count: u32, all: u32): f32 {
  const whole = count & ~3;
  let most = f32x4.splat(-Infinity);
  for (let i: u32 = 0; i < whole; i += 4) most = f32x4.pmax(most, v128.load(row + ((<usize>i) << 2)));
  let largest = largestLane(most);
  for (let i = whole; i < count; i++) largest = max<f32>(largest, load<f32>(row + ((<usize>i) << 2)));
  const top = f32x4.splat(largest);
  let sum = f32x4.splat(0);
  for (let i: u32 = 0; i < whole; i += 4) {
    const at = row + ((<usize>i) << 2);
    const value = exponential(f32x4.sub(v128.load(at), top));
    v128.store(at, value);
    sum = f32x4.add(sum, value);
  }
  let total = sumOfLanes(sum);
  for (let i = whole; i < count; i++) {
    const at = row + ((<usize>i) << 2);
    const value = exponentialOf(load<f32>(at) - largest);
    store<f32>(at, value);
    total += value;
  }
  const inverse: f32 = 1 / total;
  const scale = f32x4.splat(inverse);
  for (let i: u32 = 0; i < whole; i += 4) {
    const at = row + ((<usize>i) << 2);
    v128.store(at, f32x4.mul(v128.load(at), scale));
  }
  for (let i = whole; i < count; i++) {
    const at = row + ((<usize>i) << 2);
    store<f32>(at, load<f32>(at) * inverse);
  }
  memory.fill(row + ((<usize>count) << 2), 0, (<usize>(all - count)) << 2);
  return largest + <f32>logarithm(<f64>total);
}

/**
 * The gradients, over what was in the columns of queries, keys and values. Queries and keys have one row distance.
 * @param out, dOut [B·T, H·d]   @param dQueries, dKeys rows as queries and keys have them
 * @param scratch 8448 bytes, 32 · max(256, T + 3) values for a product, then twice 32 rows of T scores
 */
export function attentionBackward(
  from: u32, to: u32,
  heads: u32,
  keyHeads: u32,
  width: u32,
  length: u32,
  queries: usize,
  keys: usize,
  row: usize,
  values: usize,
  valueRow: usize,
  out: usize,
  dOut: usize,
  logSumExp: usize,
  dQueries: usize,
  dKeys: usize,
  dValues: usize,
  scratch: usize,
): void {
  const scores = scratch + ROWS_AT + max(packedRows(BLOCK, 256), packedRows(length, BLOCK));
  const dScores = scores + ((<usize>(BLOCK * length)) << 2);
  const scale: f32 = 1 / sqrt<f32>(<f32>width);
  const outRow = (<usize>(heads * width)) << 2;
  const stride = <u32>(row >> 2);
  const valueStride = <u32>(valueRow >> 2);
  const group = heads / keyHeads;
  for (let unit = from; unit < to; unit++) {
    const b = unit / keyHeads;
    const start = <usize>(b * length);
    const place = (<usize>((unit % keyHeads) * width)) << 2;
    for (let i: usize = 0; i < <usize>length; i++) {
      memory.fill(dKeys + (start + i) * row + place, 0, (<usize>width) << 2);
      memory.fill(dValues + (start + i) * valueRow + place, 0, (<usize>width) << 2);
    }
    const firstHead = (unit % keyHeads) * group;
    for (let h = firstHead; h < firstHead + group; h++) {
      const head = (<usize>(h * width)) << 2;
      const keyHead = (<usize>((h / group) * width)) << 2;
      const k = keys + start * row + keyHead;
      const v = values + start * valueRow + keyHead;
      const dk = dKeys + start * row + keyHead;
      const dv = dValues + start * valueRow + keyHead;
      for (let q0: u32 = 0; q0 < length; q0 += BLOCK) {
        const rows = min(BLOCK, length - q0);
        const seen = q0 + rows;
        const scoreRow = (<usize>seen) << 2;
        const q = queries + (start + q0) * row + head;
        const dq = dQueries + (start + q0) * row + head;
        const o = out + (start + q0) * outRow + head;
        const d = dOut + (start + q0) * outRow + head;
        product<f32>(rows, seen, width, scale, false, q, row, 4, k, 0, stride, 0, true, scores, scoreRow, scratch);
        product<f32>(rows, seen, width, 1, false, d, outRow, 4, v, 0, valueStride, 0, true, dScores, scoreRow, scratch);
        for (let i: u32 = 0; i < rows; i++) {
          const shift = load<f32>(logSumExp + ((<usize>((b * heads + h) * length + q0 + i)) << 2));
          const delta = dot(o + <usize>i * outRow, d + <usize>i * outRow, width);
          weigh(scores + <usize>i * scoreRow, dScores + <usize>i * scoreRow, q0 + i + 1, seen, shift, delta, scale);
        }
        product<f32>(rows, width, seen, 1, false, dScores, scoreRow, 4, k, 0, stride, 0, false, dq, row, scratch);
        product<f32>(seen, width, rows, 1, true, dScores, 4, scoreRow, q, 0, stride, 0, false, dk, row, scratch);
        product<f32>(
          seen,
          width,
          rows,
          1,
          true,
          scores,
          4,
          scoreRow,
          d,
          0,
          heads * width,
          0,
          false,
          dv,
          valueRow,
          scratch,
        );
      }
    }
  }
}

/** Scores become weights, and the weights' gradients those of the scores: p = exp(s − lse), ds = scale · p · (dp − delta). */
function weigh(scores: usize, dScores: usize, count: u32, all: u32, shift: f32, delta: f32, scale: f32): void {
  const by = f32x4.splat(shift);
  const less = f32x4.splat(delta);
  const times = f32x4.splat(scale);
  const whole = count & ~3;
  for (let i: u32 = 0; i < whole; i += 4) {
    const at = (<usize>i) << 2;
    const p = exponential(f32x4.sub(v128.load(scores + at), by));
    v128.store(scores + at, p);
    v128.store(dScores + at, f32x4.mul(times, f32x4.mul(p, f32x4.sub(v128.load(dScores + at), less))));
  }
  for (let i = whole; i < count; i++) {
    const at = (<usize>i) << 2;
    const p = exponentialOf(load<f32>(scores + at) - shift);
    store<f32>(scores + at, p);
    store<f32>(dScores + at, scale * (p * (load<f32>(dScores + at) - delta)));
  }
  memory.fill(scores + ((<usize>count) << 2), 0, (<usize>(all - count)) << 2);
  memory.fill(dScores + ((<usize>count) << 2), 0, (<usize>(all - count)) << 2);
}
