import { dot } from './multiply-add';

/**
 * Rotary position embedding of queries and keys, after their norms where there are any.
 * @param from, m the first row, and the one behind the last
 * @param qkv [M, (H + 2K)·d]   @param out [M, (H + K)·d]   @param length T, rows of a sequence
 * @param cosines [P, d/2]   @param queryNorm [d], or 0, as `keyNorm`
 */
export function rotateForward(
  from: u32, m: u32, length: u32, heads: u32, keyHeads: u32, half: u32, first: u32, eps: f32,
  qkv: usize, cosines: usize, sines: usize, queryNorm: usize, keyNorm: usize, out: usize,
): void {
  const turned = heads + keyHeads;
  const bytes = <usize>half << 3;
  for (let i = from; i < m; i++) {
    const angle = <usize>((first + (i % length)) * half) << 2;
    for (let head: u32 = 0; head < turned; head++) {
      const source = qkv + <usize>(i * (turned + keyHeads) + head) * bytes;
      const to = out + <usize>(i * turned + head) * bytes;
      const norm = head < heads ? queryNorm : keyNorm;
      let scale: f32 = 1;
      if (norm) scale = 1 / sqrt<f32>(dot(source, source, 2 * half) / <f32>(half * 2) + eps);
      for (let k: u32 = 0; k < half; k++) {
        const p = <usize>k << 2;
        const q = p + (<usize>half << 2);
        let a = load<f32>(source + p);
        let b = load<f32>(source + q);
        if (norm) {
          a *= scale * load<f32>(norm + p);
          b *= scale * load<f32>(norm + q);
        }
        const c = load<f32>(cosines + angle + p);
        const s = load<f32>(sines + angle + p);
        store<f32>(to + p, a * c - b * s);
        store<f32>(to + q, b * c + a * s);
      }
    }
  }
}

/** @param dRotated [M, (H + K)·d]   @param out [M, (H + 2K)·d], whose value columns stay as they are */
export function rotateBackward(
  from: u32, m: u32, length: u32, heads: u32, keyHeads: u32, half: u32, first: u32, eps: f32,
  qkv: usize, dRotated: usize, cosines: usize, sines: usize, queryNorm: usize, keyNorm: usize, out: usize,
): void {
  const turned = heads + keyHeads;
  const bytes = <usize>half << 3;
  for (let i = from; i < m; i++) {
    const angle = <usize>((first + (i % length)) * half) << 2;
    for (let head: u32 = 0; head < turned; head++) {
      const place = <usize>(i * (turned + keyHeads) + head) * bytes;
      const source = qkv + place;
      const to = out + place;
      const slope = dRotated + <usize>(i * turned + head) * bytes;
      const norm = head < heads ? queryNorm : keyNorm;
      for (let k: u32 = 0; k < half; k++) {
        const p = <usize>k << 2;
        const q = p + (<usize>half << 2);
        const a = load<f32>(slope + p);
        const b = load<f32>(slope + q);
        const c = load<f32>(cosines + angle + p);
        const s = load<f32>(sines + angle + p);
        store<f32>(to + p, a * c + b * s);
        store<f32>(to + q, b * c - a * s);
      }
      if (!norm) continue;
      const scale: f32 = 1 / sqrt<f32>(dot(source, source, 2 * half) / <f32>(half * 2) + eps);
      for (let k: u32 = 0; k < 2 * half; k++) {
        const p = <usize>k << 2;
        store<f32>(to + p, load<f32>(to + p) * load<f32>(norm + p));
      }
      const share: f32 = dot(to, source, 2 * half) * scale * scale / <f32>(half * 2);
      for (let k: u32 = 0; k < 2 * half; k++) {
        const p = <usize>k << 2;
        store<f32>(to + p, scale * (load<f32>(to + p) - load<f32>(source + p) * share));
      }
    }
  }
}
