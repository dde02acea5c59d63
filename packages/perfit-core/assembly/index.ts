// Our programs for the processor. They compute in memory that tfjs' WebAssembly allocates: addresses come in, nothing is
// allocated here, nothing is kept. Widths and counts are in values, rows and steps in bytes where their name says so.

import { gatherRows } from './decode';
import { product, vectorProduct } from './product';

export { shortenRow } from './decode';
export { adamw } from './adamw';
export { attentionBackward, attentionForward } from './attention';
export { gateBackward, gateForward } from './gate';
export { headRows, sumInto } from './head';
export { integerProducts, multiplyAdds } from './limits';
export { normBackward, normForward } from './norm';
export { rotateBackward, rotateForward } from './rotation';
export { beginRows, copyRows } from './rows';

/** How a weight is packed, as the host counts formats. */
const F32 = 0,
  F16 = 1,
  INT8 = 2,
  INT4 = 3;

export function multiply(
  format: i32,
  m: u32,
  n: u32,
  k: u32,
  alpha: f32,
  add: bool,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  scales: usize,
  bRow: u32,
  nFirst: u32,
  alongK: bool,
  c: usize,
  cRow: usize,
  scratch: usize,
): void {
  if (format == F32)
    product<f32>(m, n, k, alpha, add, a, aRow, aStep, b, scales, bRow, nFirst, alongK, c, cRow, scratch);
  else if (format == F16)
    product<u16>(m, n, k, alpha, add, a, aRow, aStep, b, scales, bRow, nFirst, alongK, c, cRow, scratch);
  else if (format == INT8)
    product<i8>(m, n, k, alpha, add, a, aRow, aStep, b, scales, bRow, nFirst, alongK, c, cRow, scratch);
  else if (format == INT4)
    product<u8>(m, n, k, alpha, add, a, aRow, aStep, b, scales, bRow, nFirst, alongK, c, cRow, scratch);
  else product<i16>(m, n, k, alpha, add, a, aRow, aStep, b, scales, bRow, nFirst, alongK, c, cRow, scratch);
}

export function multiplyVector(
  format: i32,
  first: u32,
  n: u32,
  k: u32,
  x: usize,
  short: usize,
  b: usize,
  scales: usize,
  bRow: u32,
  y: usize,
): void {
  if (format == F32) vectorProduct<f32>(first, n, k, x, short, b, scales, bRow, y);
  else if (format == F16) vectorProduct<u16>(first, n, k, x, short, b, scales, bRow, y);
  else if (format == INT8) vectorProduct<i8>(first, n, k, x, short, b, scales, bRow, y);
  else if (format == INT4) vectorProduct<u8>(first, n, k, x, short, b, scales, bRow, y);
  else vectorProduct<i16>(first, n, k, x, short, b, scales, bRow, y);
}

export function gather(
  format: i32,
  b: usize,
  scales: usize,
  bRow: u32,
  width: u32,
  ids: usize,
  count: u32,
  out: usize,
): void {
  if (format == F32) gatherRows<f32>(b, scales, bRow, width, ids, count, out);
  else if (format == F16) gatherRows<u16>(b, scales, bRow, width, ids, count, out);
  else if (format == INT8) gatherRows<i8>(b, scales, bRow, width, ids, count, out);
  else if (format == INT4) gatherRows<u8>(b, scales, bRow, width, ids, count, out);
  else gatherRows<i16>(b, scales, bRow, width, ids, count, out);
}
