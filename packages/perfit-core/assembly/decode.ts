// Values of a frozen weight, four at a time, from how `ops/packed-matrix/formats.ts` lays them out. The type stands for the
// precision: f32, u16 for f16, i8 for int8 and u8 for int4; each function is compiled once for each.

/** Values that share a scale in int8 and int4. */
const BLOCK_SHIFT: u32 = 5;

/** @param index of the first value in the whole matrix, a multiple of four   @param scales address of the f16 scales */
// @ts-ignore: decorator
@inline
export function decode4<T>(base: usize, scales: usize, index: u32): v128 {
  if (sizeof<T>() == 4) return v128.load(base + (<usize>index << 2));
  if (sizeof<T>() == 2) return halves(v128.extend_low<u16>(v128.load64_zero(base + (<usize>index << 1))));
  const scale = halves(i32x4.splat(load<u16>(scales + (<usize>(index >> BLOCK_SHIFT) << 1))));
  if (isSigned<T>()) {
    const whole = v128.extend_low<i16>(v128.extend_low<i8>(v128.load32_zero(base + <usize>index)));
    return f32x4.mul(f32x4.div(f32x4.convert_i32x4_s(whole), f32x4.splat(127)), scale);
  }
  const pair = <i32>load<u16>(base + (<usize>index >> 1));
  let nibbles = i32x4.splat(pair & 15);
  nibbles = i32x4.replace_lane(nibbles, 1, (pair >> 4) & 15);
  nibbles = i32x4.replace_lane(nibbles, 2, (pair >> 8) & 15);
  nibbles = i32x4.replace_lane(nibbles, 3, (pair >> 12) & 15);
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(nibbles, i32x4.splat(8))), scale);
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
