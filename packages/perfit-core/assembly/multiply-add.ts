// a·b + c, four lanes: one rounding where the relaxed instructions are compiled in, two where they are not.

// @ts-ignore: decorator
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

// @ts-ignore: decorator
@inline
export function sumOfLanes(value: v128): f32 {
  return (
    f32x4.extract_lane(value, 0) + f32x4.extract_lane(value, 2) +
    (f32x4.extract_lane(value, 1) + f32x4.extract_lane(value, 3))
  );
}

// @ts-ignore: decorator
@inline
export function largestLane(value: v128): f32 {
  return max<f32>(
    max<f32>(f32x4.extract_lane(value, 0), f32x4.extract_lane(value, 1)),
    max<f32>(f32x4.extract_lane(value, 2), f32x4.extract_lane(value, 3)),
  );
}

/** Σ a·b of two rows. */
// @ts-ignore: decorator
@inline
export function dot(a: usize, b: usize, width: u32): f32 {
  let sum = f32x4.splat(0);
  const whole = width & ~3;
  for (let k: u32 = 0; k < whole; k += 4) {
    sum = multiplyAdd(v128.load(a + (<usize>k << 2)), v128.load(b + (<usize>k << 2)), sum);
  }
  let all = sumOfLanes(sum);
  for (let k = whole; k < width; k++) all += load<f32>(a + (<usize>k << 2)) * load<f32>(b + (<usize>k << 2));
  return all;
}
