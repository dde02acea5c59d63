// What a processor can do at most: for the bench, which holds the programs against it.

import { multiplyAdd, sumOfLanes } from './multiply-add';

/** Multiply-adds of four lanes in registers, twelve chains of them next to each other. @returns a number, so that none is left out */
export function multiplyAdds(rounds: u32): f32 {
  const x = f32x4.splat(0.999);
  const y = f32x4.splat(0.001);
  let a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
  for (let round: u32 = 0; round < rounds; round++) {
    a = multiplyAdd(a, x, y);
    b = multiplyAdd(b, x, y);
    c = multiplyAdd(c, x, y);
    d = multiplyAdd(d, x, y);
    e = multiplyAdd(e, x, y);
    f = multiplyAdd(f, x, y);
    g = multiplyAdd(g, x, y);
    h = multiplyAdd(h, x, y);
    i = multiplyAdd(i, x, y);
    j = multiplyAdd(j, x, y);
    k = multiplyAdd(k, x, y);
    l = multiplyAdd(l, x, y);
  }
  const left = f32x4.add(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), f32x4.add(e, f));
  const right = f32x4.add(f32x4.add(f32x4.add(g, h), f32x4.add(i, j)), f32x4.add(k, l));
  return sumOfLanes(f32x4.add(left, right));
}

/**
 * The same of products of sixteen pairs of bytes, summed in fours: what integer products could reach. The relaxed
 * instruction alone has them. @returns a number, so that none is left out; -1 where there are none
 */
export function integerProducts(rounds: u32): i32 {
  if (!ASC_FEATURE_RELAXED_SIMD) return -1;
  const x = i8x16.splat(3);
  let a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
  for (let round: u32 = 0; round < rounds; round++) {
    a = i32x4.relaxed_dot_i8x16_i7x16_add_s(b, x, a);
    b = i32x4.relaxed_dot_i8x16_i7x16_add_s(c, x, b);
    c = i32x4.relaxed_dot_i8x16_i7x16_add_s(d, x, c);
    d = i32x4.relaxed_dot_i8x16_i7x16_add_s(e, x, d);
    e = i32x4.relaxed_dot_i8x16_i7x16_add_s(f, x, e);
    f = i32x4.relaxed_dot_i8x16_i7x16_add_s(g, x, f);
    g = i32x4.relaxed_dot_i8x16_i7x16_add_s(h, x, g);
    h = i32x4.relaxed_dot_i8x16_i7x16_add_s(i, x, h);
    i = i32x4.relaxed_dot_i8x16_i7x16_add_s(j, x, i);
    j = i32x4.relaxed_dot_i8x16_i7x16_add_s(k, x, j);
    k = i32x4.relaxed_dot_i8x16_i7x16_add_s(l, x, k);
    l = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, x, l);
  }
  const left = i32x4.add(i32x4.add(i32x4.add(a, b), i32x4.add(c, d)), i32x4.add(e, f));
  const right = i32x4.add(i32x4.add(i32x4.add(g, h), i32x4.add(i, j)), i32x4.add(k, l));
  return i32x4.extract_lane(i32x4.add(left, right), 0) & 0x7fffffff;
}
