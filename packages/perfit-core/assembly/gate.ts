import { exponential } from './exponential';

// @ts-ignore: decorator
@inline
function sigmoid(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), exponential(f32x4.neg(x))));
}

/** silu(gate) · up. @param gateUp [M, 2F]   @param y [M, F] */
export function gateForward(m: u32, width: u32, gateUp: usize, y: usize): void {
  const whole = width & ~3;
  for (let i: u32 = 0; i < m; i++) {
    const gate = gateUp + (<usize>(2 * i * width) << 2);
    const up = gate + (<usize>width << 2);
    const to = y + (<usize>(i * width) << 2);
    for (let k: u32 = 0; k < width; k += 4) {
      const at = <usize>k << 2;
      if (k < whole) {
        const g = v128.load(gate + at);
        v128.store(to + at, f32x4.mul(f32x4.mul(g, sigmoid(g)), v128.load(up + at)));
      } else {
        for (let p = at; p < <usize>width << 2; p += 4) {
          const g = v128.load32_splat(gate + p);
          store<f32>(to + p, f32x4.extract_lane(f32x4.mul(f32x4.mul(g, sigmoid(g)), v128.load32_splat(up + p)), 0));
        }
      }
    }
  }
}

/** @param dy [M, F]   @param out [M, 2F] */
export function gateBackward(m: u32, width: u32, gateUp: usize, dy: usize, out: usize): void {
  const one = f32x4.splat(1);
  const whole = width & ~3;
  for (let i: u32 = 0; i < m; i++) {
    const gate = gateUp + (<usize>(2 * i * width) << 2);
    const up = gate + (<usize>width << 2);
    const slope = dy + (<usize>(i * width) << 2);
    const toGate = out + (<usize>(2 * i * width) << 2);
    const toUp = toGate + (<usize>width << 2);
    for (let k: u32 = 0; k < width; k++) {
      const at = <usize>k << 2;
      const four = k < whole;
      const g = four ? v128.load(gate + at) : v128.load32_splat(gate + at);
      const u = four ? v128.load(up + at) : v128.load32_splat(up + at);
      const d = four ? v128.load(slope + at) : v128.load32_splat(slope + at);
      const s = sigmoid(g);
      const active = f32x4.mul(g, s);
      // silu′ = s · (1 + g·(1 − s))
      const steep = f32x4.mul(s, f32x4.add(one, f32x4.mul(g, f32x4.sub(one, s))));
      const dGate = f32x4.mul(f32x4.mul(d, u), steep);
      const dUp = f32x4.mul(d, active);
      if (four) {
        v128.store(toGate + at, dGate);
        v128.store(toUp + at, dUp);
        k += 3;
      } else {
        store<f32>(toGate + at, f32x4.extract_lane(dGate, 0));
        store<f32>(toUp + at, f32x4.extract_lane(dUp, 0));
      }
    }
  }
}
