// Values of a frozen weight, four or a block at a time, from how `ops/packed-matrix/formats.ts` lays them out. The type stands
// for the format: f32, u16 for f16, i8 for int8, u8 for int4 and i16 for q4_1; each function is compiled once for each.

import { largestLane, multiplyAdd, sumOfLanes } from './multiply-add';

/** Values that share a scale where they do. */
const BLOCK_SHIFT: u32 = 5;

// @ts-ignore: decorator
@inline
export function isInBlocks<T>(): bool {
  return sizeof<T>() == 1 || isSigned<T>() && sizeof<T>() == 2;
}

/** @param index of the first value in the whole matrix, a multiple of four   @param scales address of the blocks' */
// @ts-ignore: decorator
@inline
export function decode4<T>(base: usize, scales: usize, index: u32): v128 {
  if (sizeof<T>() == 4) return v128.load(base + (<usize>index << 2));
  if (!isInBlocks<T>()) return halves(v128.extend_low<u16>(v128.load64_zero(base + (<usize>index << 1))));
  return decodeInBlock<T>(base, index, sharedOf<T>(scales, index));
}

/** What the values of a block share: the scale in every lane; of q4_1 the scale, then the least value. */
// @ts-ignore: decorator
@inline
export function sharedOf<T>(scales: usize, index: u32): v128 {
  const block = index >> BLOCK_SHIFT;
  return sizeof<T>() == 1 ? scaleOf(scales, block) : scaleAndLeast(scales, block);
}

/** {@link decode4} with what their block shares. */
// @ts-ignore: decorator
@inline
export function decodeInBlock<T>(base: usize, index: u32, shared: v128): v128 {
  if (sizeof<T>() == 1 && isSigned<T>()) {
    const whole = v128.extend_low<i16>(v128.extend_low<i8>(v128.load32_zero(base + <usize>index)));
    return f32x4.mul(f32x4.convert_i32x4_s(whole), shared);
  }
  // The low halves of a block's 16 bytes are its first values.
  const bytes = v128.load32_zero(base + (<usize>(index >> BLOCK_SHIFT) << 4) + <usize>(index & 15));
  const nibbles = v128.and(i32x4.shr_u(bytes, <i32>(index & 16) >> 2), i8x16.splat(15));
  const whole = v128.extend_low<u16>(v128.extend_low<u8>(nibbles));
  if (sizeof<T>() == 1) return f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(whole, i32x4.splat(8))), shared);
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(whole), firstLane(shared)), secondLane(shared));
}

// @ts-ignore: decorator
@inline
function scaleOf(scales: usize, block: u32): v128 {
  return halves(i32x4.splat(load<u16>(scales + (<usize>block << 1))));
}

/** In the first two lanes. */
// @ts-ignore: decorator
@inline
function scaleAndLeast(scales: usize, block: u32): v128 {
  return halves(v128.extend_low<u16>(v128.load32_zero(scales + (<usize>block << 2))));
}

// @ts-ignore: decorator
@inline
function firstLane(value: v128): v128 {
  return v128.shuffle<f32>(value, value, 0, 0, 0, 0);
}

// @ts-ignore: decorator
@inline
function secondLane(value: v128): v128 {
  return v128.shuffle<f32>(value, value, 1, 1, 1, 1);
}

/**
 * sum + Σ x·w over the 32 values of a block, in four lanes: of whole numbers first, for x was shortened to sixteen bits.
 * @param x address of the block's 32 whole numbers   @param about address of their scale, and of what they add up to
 */
// @ts-ignore: decorator
@inline
export function blockProduct<T>(base: usize, scales: usize, block: u32, x: usize, about: usize, sum: v128): v128 {
  const unit = v128.load32_splat(about);
  if (sizeof<T>() == 1 && isSigned<T>()) {
    const at = base + (<usize>block << 5);
    const products = i32x4.add(sixteen(v128.load(at), x), sixteen(v128.load(at, 16), x + 32));
    return multiplyAdd(f32x4.convert_i32x4_s(products), f32x4.mul(unit, scaleOf(scales, block)), sum);
  }
  const pairs = v128.load(base + (<usize>block << 4));
  const low = v128.and(pairs, i8x16.splat(15));
  const high = i8x16.shr_u(pairs, 4);
  if (sizeof<T>() == 1) {
    const eight = i8x16.splat(8);
    const products = i32x4.add(sixteen(i8x16.sub(low, eight), x), sixteen(i8x16.sub(high, eight), x + 32));
    return multiplyAdd(f32x4.convert_i32x4_s(products), f32x4.mul(unit, scaleOf(scales, block)), sum);
  }
  const both = scaleAndLeast(scales, block);
  const products = i32x4.add(sixteen(low, x), sixteen(high, x + 32));
  // The least value times what the block's x add up to, a quarter in each lane.
  const added = multiplyAdd(v128.load32_splat(about, 4), secondLane(both), sum);
  return multiplyAdd(f32x4.convert_i32x4_s(products), f32x4.mul(unit, firstLane(both)), added);
}

/** Σ x·q over sixteen whole numbers, in four lanes. */
// @ts-ignore: decorator
@inline
function sixteen(q: v128, x: usize): v128 {
  return i32x4.add(
    i32x4.dot_i16x8_s(v128.extend_low<i8>(q), v128.load(x)),
    i32x4.dot_i16x8_s(v128.extend_high<i8>(q), v128.load(x, 16)),
  );
}

/** Bytes of a block of a shortened row: 32 whole numbers, their scale, a quarter of what they add up to, and room to a line. */
export const SHORT_BLOCK: usize = 80;

/**
 * A row in sixteen bits: whole numbers in units of a 32,767th of each block's greatest magnitude, which leaves a product
 * about as exact as float32 sums do.
 * @param k a multiple of 32   @param to k / 32 times {@link SHORT_BLOCK}
 */
export function shortenRow(k: u32, x: usize, to: usize): void {
  for (let block: u32 = 0; block < k >> BLOCK_SHIFT; block++, x += 128, to += SHORT_BLOCK) {
    let most = f32x4.splat(0);
    let all = f32x4.splat(0);
    for (let at: usize = 0; at < 128; at += 16) {
      const four = v128.load(x + at);
      most = f32x4.pmax(f32x4.abs(four), most);
      all = f32x4.add(all, four);
    }
    const greatest = largestLane(most);
    const inverse = f32x4.splat(greatest > 0 ? <f32>32767 / greatest : 0);
    for (let at: usize = 0; at < 128; at += 32) {
      const left = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(x + at), inverse)));
      const right = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(x + at, 16), inverse)));
      v128.store(to + (at >> 1), i16x8.narrow_i32x4_s(left, right));
    }
    store<f32>(to, greatest / 32767, 64);
    store<f32>(to, sumOfLanes(all) * <f32>0.25, 68);
  }
}

/** Four finite halves, each in the low bits of a lane: exponent and fraction moved, the smallest made normal by a product. */
// @ts-ignore: decorator
@inline
function halves(bits: v128): v128 {
  const magnitude = i32x4.shl(v128.and(bits, i32x4.splat(0x7fff)), 13);
  const value = f32x4.mul(magnitude, f32x4.splat(reinterpret<f32>(0x77800000))); // 2^112
  return v128.or(value, i32x4.shl(v128.and(bits, i32x4.splat(0x8000)), 16));
}

/** The rows of W that belong to tokens. @param ids int32 @param stride values from a row to the next */
// @ts-ignore: decorator
@inline
export function gatherRows<T>(base: usize, scales: usize, stride: u32, width: u32, ids: usize, count: u32, out: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const row = load<u32>(ids + (<usize>i << 2));
    const to = out + (<usize>(i * width) << 2);
    let k: u32 = 0;
    for (; k + 4 <= width; k += 4) v128.store(to + (<usize>k << 2), decode4<T>(base, scales, row * stride + k));
    if (k < width) {
      const last = decode4<T>(base, scales, row * stride + k);
      for (let lane: u32 = 0; k + lane < width; lane++) store<f32>(to + (<usize>(k + lane) << 2), laneOf(last, lane));
    }
  }
}

// @ts-ignore: decorator
@inline
export function laneOf(value: v128, lane: u32): f32 {
  if (lane == 0) return f32x4.extract_lane(value, 0);
  if (lane == 1) return f32x4.extract_lane(value, 1);
  if (lane == 2) return f32x4.extract_lane(value, 2);
  return f32x4.extract_lane(value, 3);
}
