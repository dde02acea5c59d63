// C [M, N] = α·A·B, or C + α·A·B. B is unpacked by panels of eight columns and a few hundred rows into cache; a panel is
// multiplied with four rows of A at a time, whose thirty-two sums stay in registers.

import { blockProduct, decode4, decodeInBlock, isInBlocks, laneOf, sharedOf, SHORT_BLOCK } from './decode';
import { multiplyAdd, sumOfLanes } from './multiply-add';

/** Columns of a panel. */
const COLUMNS: u32 = 8;
/** Rows of a panel: with four rows of A it lies in the first cache. */
const DEPTH: u32 = 256;
/** Where A's packed rows lie in the scratch, behind a panel and a tile at the edge; `wasm/runner.ts`. */
export const ROWS_AT: usize = 8448;
/** Fewer columns are not worth the packing of A. */
const PACKED_FROM: u32 = 16;

/** Bytes of A's packed rows. */
// @ts-ignore: decorator
@inline
export function packedRows(m: u32, k: u32): usize {
  return <usize>(((m + 3) & ~3) * min(DEPTH, k)) << 2;
}

/** Four values of each of four rows, one column after the other, so many bytes apart. */
// @ts-ignore: decorator
@inline
function putColumns(r0: v128, r1: v128, r2: v128, r3: v128, to: usize, step: usize): void {
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(low01, low23, 0, 2));
  v128.store(to + step, v128.shuffle<f64>(low01, low23, 1, 3));
  v128.store(to + 2 * step, v128.shuffle<f64>(high01, high23, 0, 2));
  v128.store(to + 3 * step, v128.shuffle<f64>(high01, high23, 1, 3));
}

/** Rows of A by fours: [depth, 4] of each, the last ones again where there are fewer. */
function packRows(m: u32, depth: u32, a: usize, aRow: usize, aStep: usize, to: usize): void {
  for (let m0: u32 = 0; m0 < m; m0 += 4) {
    const rows = min(<u32>4, m - m0);
    let a0 = a + <usize>m0 * aRow;
    let a1 = rows > 1 ? a0 + aRow : a0;
    let a2 = rows > 2 ? a1 + aRow : a0;
    let a3 = rows > 3 ? a2 + aRow : a0;
    let k: u32 = 0;
    if (aStep == 4) {
      for (; k + 4 <= depth; k += 4) {
        const r0 = v128.load(a0);
        const r1 = v128.load(a1);
        const r2 = v128.load(a2);
        const r3 = v128.load(a3);
        putColumns(r0, r1, r2, r3, to, 16);
        to += 64;
        a0 += 16;
        a1 += 16;
        a2 += 16;
        a3 += 16;
      }
    }
    for (; k < depth; k++) {
      store<f32>(to, load<f32>(a0));
      store<f32>(to, load<f32>(a1), 4);
      store<f32>(to, load<f32>(a2), 8);
      store<f32>(to, load<f32>(a3), 12);
      to += 16;
      a0 += aStep;
      a1 += aStep;
      a2 += aStep;
      a3 += aStep;
    }
  }
}

/**
 * @param a A's first element; its rows lie `aRow` bytes apart, the elements of one row `aStep` bytes
 * @param b B's first element: an f32 matrix or a packed one, whose rows have `bRow` values
 * @param nFirst the first column that is computed; n is behind the last
 * @param scales of a packed one
 * @param alongK whether B's rows run along k, so that it is B's transpose that lies there
 * @param c rows of `cRow` bytes
 * @param scratch 8448 bytes for a panel and a tile at the edge, then what {@link packedRows} says
 */
// @ts-ignore: decorator
@inline
export function product<T>(
  m: u32, n: u32, k: u32, alpha: f32, add: bool,
  a: usize, aRow: usize, aStep: usize,
  b: usize, scales: usize, bRow: u32, nFirst: u32, alongK: bool,
  c: usize, cRow: usize, scratch: usize,
): void {
  for (let k0: u32 = 0; k0 < k; k0 += DEPTH) {
    const depth = min(DEPTH, k - k0);
    const adds = add || k0 > 0;
    const packed = n - nFirst > PACKED_FROM;
    if (packed) packRows(m, depth, a + <usize>k0 * aStep, aRow, aStep, scratch + ROWS_AT);
    for (let n0 = nFirst; n0 < n; n0 += COLUMNS) {
      const columns = min(COLUMNS, n - n0);
      if (alongK) panelAlongK<T>(b, scales, bRow, n0, k0, columns, depth, scratch);
      else panelAlongN<T>(b, scales, bRow, k0, n0, columns, depth, scratch);
      const to = c + (<usize>n0 << 2);
      if (packed) multiplyPanel(m, columns, depth, alpha, adds, scratch + ROWS_AT, 0, 0, to, cRow, scratch);
      else multiplyPanel(m, columns, depth, alpha, adds, a + <usize>k0 * aStep, aRow, aStep, to, cRow, scratch);
    }
  }
}

/** @param aStep 0 where A's rows are packed */
function multiplyPanel(
  m: u32, columns: u32, depth: u32, alpha: f32, add: bool,
  a: usize, aRow: usize, aStep: usize, c: usize, cRow: usize, panel: usize,
): void {
  const edge = panel + (COLUMNS * DEPTH << 2);
  const scale = f32x4.splat(alpha);
  for (let m0: u32 = 0; m0 < m; m0 += 4) {
    const rows = min(<u32>4, m - m0);
    const a0 = a + <usize>m0 * aRow;
    const a1 = rows > 1 ? a0 + aRow : a0;
    const a2 = rows > 2 ? a1 + aRow : a0;
    const a3 = rows > 3 ? a2 + aRow : a0;
    let s00 = f32x4.splat(0), s01 = f32x4.splat(0), s10 = f32x4.splat(0), s11 = f32x4.splat(0);
    let s20 = f32x4.splat(0), s21 = f32x4.splat(0), s30 = f32x4.splat(0), s31 = f32x4.splat(0);
    let from = panel;
    const end = panel + (<usize>depth << 5);
    if (aStep == 0) {
      // One address alone is counted up. Several steps at once were slower: the sums no longer stayed in registers.
      for (let at = a + (<usize>(m0 * depth) << 2); from < end; from += 32, at += 16) {
        const b0 = v128.load(from);
        const b1 = v128.load(from, 16);
        let x = v128.load32_splat(at);
        s00 = multiplyAdd(x, b0, s00);
        s01 = multiplyAdd(x, b1, s01);
        x = v128.load32_splat(at, 4);
        s10 = multiplyAdd(x, b0, s10);
        s11 = multiplyAdd(x, b1, s11);
        x = v128.load32_splat(at, 8);
        s20 = multiplyAdd(x, b0, s20);
        s21 = multiplyAdd(x, b1, s21);
        x = v128.load32_splat(at, 12);
        s30 = multiplyAdd(x, b0, s30);
        s31 = multiplyAdd(x, b1, s31);
      }
    } else {
      for (let at: usize = 0; from < end; from += 32, at += aStep) {
        const b0 = v128.load(from);
        const b1 = v128.load(from, 16);
        let x = v128.load32_splat(a0 + at);
        s00 = multiplyAdd(x, b0, s00);
        s01 = multiplyAdd(x, b1, s01);
        x = v128.load32_splat(a1 + at);
        s10 = multiplyAdd(x, b0, s10);
        s11 = multiplyAdd(x, b1, s11);
        x = v128.load32_splat(a2 + at);
        s20 = multiplyAdd(x, b0, s20);
        s21 = multiplyAdd(x, b1, s21);
        x = v128.load32_splat(a3 + at);
        s30 = multiplyAdd(x, b0, s30);
        s31 = multiplyAdd(x, b1, s31);
      }
    }
    let to = c + <usize>m0 * cRow;
    if (columns == COLUMNS && rows == 4) {
      put(to, add, f32x4.mul(scale, s00), f32x4.mul(scale, s01));
      put(to + cRow, add, f32x4.mul(scale, s10), f32x4.mul(scale, s11));
      put(to + 2 * cRow, add, f32x4.mul(scale, s20), f32x4.mul(scale, s21));
      put(to + 3 * cRow, add, f32x4.mul(scale, s30), f32x4.mul(scale, s31));
    } else {
      put(edge, false, f32x4.mul(scale, s00), f32x4.mul(scale, s01));
      put(edge + 32, false, f32x4.mul(scale, s10), f32x4.mul(scale, s11));
      put(edge + 64, false, f32x4.mul(scale, s20), f32x4.mul(scale, s21));
      put(edge + 96, false, f32x4.mul(scale, s30), f32x4.mul(scale, s31));
      for (let row: u32 = 0; row < rows; row++, to += cRow) {
        for (let column: u32 = 0; column < columns; column++) {
          const value = load<f32>(edge + (<usize>(row * COLUMNS + column) << 2));
          const at = to + (<usize>column << 2);
          store<f32>(at, add ? load<f32>(at) + value : value);
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function put(to: usize, add: bool, left: v128, right: v128): void {
  v128.store(to, add ? f32x4.add(v128.load(to), left) : left);
  v128.store(to, add ? f32x4.add(v128.load(to, 16), right) : right, 16);
}

/** Rows row0… of a matrix become columns of a panel, from k0 on. */
// @ts-ignore: decorator
@inline
function panelAlongK<T>(b: usize, scales: usize, bRow: u32, row0: u32, k0: u32, columns: u32, depth: u32, panel: usize): void {
  for (let half: u32 = 0; half < 2; half++) {
    const first = row0 + 4 * half;
    const there = columns > 4 * half ? min(<u32>4, columns - 4 * half) : 0;
    const to = panel + 16 * half;
    const whole = depth & ~3;
    if (there < 4) for (let k: u32 = 0; k < depth; k++) v128.store(to + (<usize>k << 5), f32x4.splat(0));
    if (there == 4 && isInBlocks<T>() && !(k0 & 31)) {
      // Whatever a block shares is read once.
      for (let k: u32 = 0; k < whole; ) {
        let i0 = first * bRow + k0 + k;
        let i1 = i0 + bRow, i2 = i1 + bRow, i3 = i2 + bRow;
        const s0 = sharedOf<T>(scales, i0);
        const s1 = sharedOf<T>(scales, i1);
        const s2 = sharedOf<T>(scales, i2);
        const s3 = sharedOf<T>(scales, i3);
        for (const end = min(whole, k + 32); k < end; k += 4, i0 += 4, i1 += 4, i2 += 4, i3 += 4) {
          const r0 = decodeInBlock<T>(b, i0, s0);
          const r1 = decodeInBlock<T>(b, i1, s1);
          const r2 = decodeInBlock<T>(b, i2, s2);
          const r3 = decodeInBlock<T>(b, i3, s3);
          putColumns(r0, r1, r2, r3, to + (<usize>k << 5), 32);
        }
      }
    } else if (there == 4) {
      for (let k: u32 = 0; k < whole; k += 4) {
        const r0 = decode4<T>(b, scales, first * bRow + k0 + k);
        const r1 = decode4<T>(b, scales, (first + 1) * bRow + k0 + k);
        const r2 = decode4<T>(b, scales, (first + 2) * bRow + k0 + k);
        const r3 = decode4<T>(b, scales, (first + 3) * bRow + k0 + k);
        putColumns(r0, r1, r2, r3, to + (<usize>k << 5), 32);
      }
    } else {
      for (let row: u32 = 0; row < there; row++) {
        for (let k: u32 = 0; k < whole; k += 4) {
          const values = decode4<T>(b, scales, (first + row) * bRow + k0 + k);
          const at = to + (<usize>k << 5) + (<usize>row << 2);
          store<f32>(at, f32x4.extract_lane(values, 0));
          store<f32>(at, f32x4.extract_lane(values, 1), 32);
          store<f32>(at, f32x4.extract_lane(values, 2), 64);
          store<f32>(at, f32x4.extract_lane(values, 3), 96);
        }
      }
    }
    for (let k = whole; k < depth; k++) {
      for (let row: u32 = 0; row < there; row++) {
        store<f32>(to + (<usize>k << 5) + (<usize>row << 2), single<T>(b, scales, (first + row) * bRow + k0 + k));
      }
    }
  }
}

/** Columns n0… of a matrix, from row row0 on. */
// @ts-ignore: decorator
@inline
function panelAlongN<T>(b: usize, scales: usize, bRow: u32, row0: u32, n0: u32, columns: u32, depth: u32, panel: usize): void {
  if (columns == COLUMNS) {
    for (let k: u32 = 0; k < depth; k++) {
      const from = (row0 + k) * bRow + n0;
      const to = panel + (<usize>k << 5);
      if (isInBlocks<T>()) {
        // Eight columns of one block: n0 is a multiple of eight.
        const shared = sharedOf<T>(scales, from);
        v128.store(to, decodeInBlock<T>(b, from, shared));
        v128.store(to, decodeInBlock<T>(b, from + 4, shared), 16);
      } else {
        v128.store(to, decode4<T>(b, scales, from));
        v128.store(to, decode4<T>(b, scales, from + 4), 16);
      }
    }
    return;
  }
  for (let k: u32 = 0; k < depth; k++) {
    const to = panel + (<usize>k << 5);
    v128.store(to, f32x4.splat(0));
    v128.store(to, f32x4.splat(0), 16);
    for (let column: u32 = 0; column < columns; column++) {
      store<f32>(to + (<usize>column << 2), single<T>(b, scales, (row0 + k) * bRow + n0 + column));
    }
  }
}

/** One value. An f32 matrix may end with it; packed ones are padded. */
// @ts-ignore: decorator
@inline
function single<T>(b: usize, scales: usize, index: u32): f32 {
  if (sizeof<T>() == 4) return load<f32>(b + (<usize>index << 2));
  return laneOf(decode4<T>(b, scales, index & ~3), index & 3);
}

/**
 * y [N] += W [N, K] · x [K], from one row of W to another: every weight is read once and used once.
 * @param short x as `shortenRow` has it, for W in blocks
 */
// @ts-ignore: decorator
@inline
export function vectorProduct<T>(
  first: u32, n: u32, k: u32, x: usize, short: usize, b: usize, scales: usize, bRow: u32, y: usize,
): void {
  const whole = isInBlocks<T>() ? k & ~31 : k & ~7;
  for (let row = first; row < n; row++) {
    const from = row * bRow;
    let even = f32x4.splat(0), odd = f32x4.splat(0);
    if (isInBlocks<T>()) {
      let numbers = short;
      for (let i: u32 = 0; i < whole; i += 32, numbers += SHORT_BLOCK) {
        even = blockProduct<T>(b, scales, (from + i) >> 5, numbers, numbers + 64, even);
      }
    } else {
      for (let i: u32 = 0; i < whole; i += 8) {
        even = multiplyAdd(v128.load(x + (<usize>i << 2)), decode4<T>(b, scales, from + i), even);
        odd = multiplyAdd(v128.load(x + (<usize>i << 2), 16), decode4<T>(b, scales, from + i + 4), odd);
      }
    }
    let all = sumOfLanes(f32x4.add(even, odd));
    for (let i = whole; i < k; i++) all += load<f32>(x + (<usize>i << 2)) * single<T>(b, scales, from + i);
    const at = y + (<usize>row << 2);
    store<f32>(at, load<f32>(at) + all);
  }
}
