// AdamW on the positions that a mask owns, in place. The mask has a bit for each position, thirty-two to a word.

/** What the loss and a pull towards an anchor make of a position, where there is one. */
// @ts-ignore: decorator
@inline
function gradientAt(at: usize, gradient: usize, theta: usize, anchor: usize, strength: f32): f32 {
  const slope = load<f32>(gradient + at);
  return anchor ? slope + (load<f32>(theta + at) - load<f32>(anchor + at)) * strength : slope;
}

// @ts-ignore: decorator
@inline
function gradientsAt(at: usize, gradient: usize, theta: usize, anchor: usize, strength: f32): v128 {
  const slope = v128.load(gradient + at);
  if (!anchor) return slope;
  const away = f32x4.sub(v128.load(theta + at), v128.load(anchor + at));
  return f32x4.add(slope, f32x4.mul(away, f32x4.splat(strength)));
}

/**
 * One step. Source: Loshchilov & Hutter 2019 (arXiv 1711.05101), algorithm 2.
 * @param clipNorm of the owned gradient; 0 clips nothing   @param anchor 0 where nothing pulls
 */
export function adamw(
  count: u32, gradient: usize, mask: usize, theta: usize, first: usize, second: usize, anchor: usize, strength: f32,
  clipNorm: f32, beta1: f32, beta2: f32, epsilon: f32, stepSize: f32, spreadScale: f32, decay: f32,
): void {
  let scale: f32 = 1;
  if (clipNorm > 0) {
    let square: f64 = 0;
    for (let p: u32 = 0; p < count; p++) {
      if (!((load<u32>(mask + (<usize>(p >> 5) << 2)) >> (p & 31)) & 1)) continue;
      const slope = <f64>gradientAt(<usize>p << 2, gradient, theta, anchor, strength);
      square += slope * slope;
    }
    scale = min<f32>(clipNorm / (<f32>sqrt<f64>(square) + 1e-6), 1);
  }
  const rest1: f32 = 1 - beta1;
  const rest2: f32 = 1 - beta2;
  for (let p: u32 = 0; p < count; p += 4) {
    const owned = (load<u32>(mask + (<usize>(p >> 5) << 2)) >> (p & 31)) & 15;
    if (owned == 0) continue;
    const at = <usize>p << 2;
    if (owned == 15 && p + 4 <= count) {
      const g = f32x4.mul(gradientsAt(at, gradient, theta, anchor, strength), f32x4.splat(scale));
      const m = f32x4.add(f32x4.mul(v128.load(first + at), f32x4.splat(beta1)), f32x4.mul(g, f32x4.splat(rest1)));
      const square = f32x4.mul(f32x4.mul(g, g), f32x4.splat(rest2));
      const v = f32x4.add(f32x4.mul(v128.load(second + at), f32x4.splat(beta2)), square);
      const spread = f32x4.add(f32x4.mul(f32x4.sqrt(v), f32x4.splat(spreadScale)), f32x4.splat(epsilon));
      const here = v128.load(theta + at);
      const change = f32x4.add(
        f32x4.mul(f32x4.div(m, spread), f32x4.splat(stepSize)),
        f32x4.mul(here, f32x4.splat(decay)),
      );
      v128.store(first + at, m);
      v128.store(second + at, v);
      v128.store(theta + at, f32x4.sub(here, change));
      continue;
    }
    for (let lane: u32 = 0; lane < 4 && p + lane < count; lane++) {
      if (!((owned >> lane) & 1)) continue;
      const one = at + (<usize>lane << 2);
      const g: f32 = gradientAt(one, gradient, theta, anchor, strength) * scale;
      const m: f32 = load<f32>(first + one) * beta1 + g * rest1;
      const v: f32 = load<f32>(second + one) * beta2 + g * g * rest2;
      const here = load<f32>(theta + one);
      store<f32>(first + one, m);
      store<f32>(second + one, v);
      store<f32>(theta + one, here - ((m / (sqrt<f32>(v) * spreadScale + epsilon)) * stepSize + here * decay));
    }
  }
}
