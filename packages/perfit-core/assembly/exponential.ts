import { multiplyAdd } from './multiply-add';

/** 1.5 · 2²³ */
const ROUNDER: f32 = 12582912;

/** e to the x, four lanes; 0 below −87. Source: Cephes' expf; within 2 units in the last place. */
// @ts-ignore: decorator
@inline
export function exponential(given: v128): v128 {
  // In this order what is no number stays none.
  const x = f32x4.pmin(f32x4.pmax(given, f32x4.splat(-87.3)), f32x4.splat(88.3));
  // A number so large has no fraction: added and taken away again it rounds, and its last bits are the whole number.
  const rounded = multiplyAdd(x, f32x4.splat(1.4426950408889634), f32x4.splat(ROUNDER));
  const whole = f32x4.sub(rounded, f32x4.splat(ROUNDER));
  let rest = multiplyAdd(whole, f32x4.splat(-0.693359375), x);
  rest = multiplyAdd(whole, f32x4.splat(2.12194440e-4), rest);
  let sum = f32x4.splat(1.9875691500e-4);
  sum = multiplyAdd(sum, rest, f32x4.splat(1.3981999507e-3));
  sum = multiplyAdd(sum, rest, f32x4.splat(8.3334519073e-3));
  sum = multiplyAdd(sum, rest, f32x4.splat(4.1665795894e-2));
  sum = multiplyAdd(sum, rest, f32x4.splat(1.6666665459e-1));
  sum = multiplyAdd(sum, rest, f32x4.splat(5.0000001201e-1));
  sum = multiplyAdd(f32x4.mul(sum, rest), rest, f32x4.add(rest, f32x4.splat(1)));
  const power = i32x4.add(i32x4.shl(rounded, 23), i32x4.splat(0x3f800000));
  const value = f32x4.mul(sum, power);
  return v128.and(value, f32x4.gt(given, f32x4.splat(-87.3)));
}

/** One of them. */
// @ts-ignore: decorator
@inline
export function exponentialOf(x: f32): f32 {
  return f32x4.extract_lane(exponential(f32x4.splat(x)), 0);
}

/**
 * The natural logarithm of a positive, normal number: of its fraction in [√½, √2) by the series of artanh, which needs no
 * table in memory. Within 1e-14.
 */
export function logarithm(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  let exponent = <i32>(bits >> 52) - 1023;
  let fraction = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (fraction > 1.4142135623730951) {
    fraction *= 0.5;
    exponent++;
  }
  const s = (fraction - 1) / (fraction + 1);
  const square = s * s;
  let sum: f64 = 0;
  for (let i = 19; i > 0; i -= 2) sum = sum * square + 1 / <f64>i;
  return 2 * s * sum + <f64>exponent * 0.6931471805599453;
}
