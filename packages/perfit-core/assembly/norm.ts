import { dot, multiplyAdd, sumOfLanes } from './multiply-add';

/** y = x / sqrt(mean(x²) + eps) · weight. @param rows int32: which rows of x; 0 for the first `count` */
export function normForward(count: u32, width: u32, eps: f32, x: usize, weight: usize, rows: usize, y: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const row = rows ? load<u32>(rows + (<usize>i << 2)) : i;
    const from = x + (<usize>(row * width) << 2);
    const to = y + (<usize>(i * width) << 2);
    const inverse: f32 = 1 / sqrt<f32>(dot(from, from, width) / <f32>width + eps);
    const scale = f32x4.splat(inverse);
    const whole = width & ~3;
    for (let k: u32 = 0; k < whole; k += 4) {
      const at = <usize>k << 2;
      v128.store(to + at, f32x4.mul(f32x4.mul(v128.load(from + at), scale), v128.load(weight + at)));
    }
    for (let k = whole; k < width; k++) {
      const at = <usize>k << 2;
      store<f32>(to + at, load<f32>(from + at) * inverse * load<f32>(weight + at));
    }
  }
}

/**
 * The gradient to x, plus what comes past the norm.
 * @param residual [M, D] or 0   @param inverse int32 [M]: the row of dy of each row of x, `known` or more where it has none; or 0
 */
export function normBackward(
  height: u32, width: u32, eps: f32, x: usize, weight: usize, dy: usize, residual: usize, inverse: usize, known: u32, dx: usize,
): void {
  for (let i: u32 = 0; i < height; i++) {
    const at = <usize>(i * width) << 2;
    const to = dx + at;
    const given = inverse ? load<u32>(inverse + (<usize>i << 2)) : i;
    if (given >= known) {
      if (residual) memory.copy(to, residual + at, <usize>width << 2);
      else memory.fill(to, 0, <usize>width << 2);
      continue;
    }
    const from = x + at;
    const slope = dy + (<usize>(given * width) << 2);
    const scale: f32 = 1 / sqrt<f32>(dot(from, from, width) / <f32>width + eps);
    let sum = f32x4.splat(0);
    const whole = width & ~3;
    for (let k: u32 = 0; k < whole; k += 4) {
      const p = <usize>k << 2;
      sum = multiplyAdd(f32x4.mul(v128.load(slope + p), v128.load(weight + p)), v128.load(from + p), sum);
    }
    let along = sumOfLanes(sum);
    for (let k = whole; k < width; k++) {
      const p = <usize>k << 2;
      along += load<f32>(slope + p) * load<f32>(weight + p) * load<f32>(from + p);
    }
    const share: f32 = along * scale * scale / <f32>width;
    for (let k: u32 = 0; k < whole; k += 4) {
      const p = <usize>k << 2;
      const straight = f32x4.mul(v128.load(slope + p), v128.load(weight + p));
      let value = f32x4.mul(f32x4.sub(straight, f32x4.mul(v128.load(from + p), f32x4.splat(share))), f32x4.splat(scale));
      if (residual) value = f32x4.add(value, v128.load(residual + at + p));
      v128.store(to + p, value);
    }
    for (let k = whole; k < width; k++) {
      const p = <usize>k << 2;
      let value: f32 = (load<f32>(slope + p) * load<f32>(weight + p) - load<f32>(from + p) * share) * scale;
      if (residual) value += load<f32>(residual + at + p);
      store<f32>(to + p, value);
    }
  }
}
