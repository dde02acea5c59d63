import { exponential, exponentialOf, logarithm } from './exponential';
import { largestLane, sumOfLanes } from './multiply-add';

/**
 * What rows of logits [Q, V] lose: weight · (log Σ exp − logit of the label). With `asGradient` the logits become the loss'
 * gradient to them, weight · (softmax − hit).
 * @param labels int32 [Q]   @param weights [Q]   @param terms [Q]
 * @param hits [Q], 1 where no logit is greater than the label's; 0 is nowhere
 */
export function headRows(
  q: u32,
  v: u32,
  logits: usize,
  labels: usize,
  weights: usize,
  terms: usize,
  hits: usize,
  asGradient: bool,
): void {
  const whole = v & ~3;
  for (let i: u32 = 0; i < q; i++) {
    const row = logits + ((<usize>i * <usize>v) << 2);
    const weight = load<f32>(weights + ((<usize>i) << 2));
    let most = f32x4.splat(-Infinity);
    for (let k: u32 = 0; k < whole; k += 4) most = f32x4.pmax(most, v128.load(row + ((<usize>k) << 2)));
    let largest = largestLane(most);
    for (let k = whole; k < v; k++) largest = max<f32>(largest, load<f32>(row + ((<usize>k) << 2)));
    const top = f32x4.splat(largest);
    // Fifty thousand words in four lanes of float32: sums of sixty-four first.
    let total: f64 = 0;
    let k: u32 = 0;
    while (k < whole) {
      let part = f32x4.splat(0);
      const end = min(whole, k + 256);
      for (; k < end; k += 4) part = f32x4.add(part, exponential(f32x4.sub(v128.load(row + ((<usize>k) << 2)), top)));
      total += <f64>sumOfLanes(part);
    }
    for (; k < v; k++) total += <f64>exponentialOf(load<f32>(row + ((<usize>k) << 2)) - largest);
    const logSumExp = <f32>(<f64>largest + logarithm(total));
    const label = row + ((<usize>load<u32>(labels + ((<usize>i) << 2))) << 2);
    store<f32>(terms + ((<usize>i) << 2), weight == 0 ? 0 : weight * (logSumExp - load<f32>(label)));
    if (hits != 0) store<f32>(hits + ((<usize>i) << 2), load<f32>(label) >= largest ? 1 : 0);
    if (!asGradient) continue;
    const shift = f32x4.splat(logSumExp);
    const scale = f32x4.splat(weight);
    for (k = 0; k < whole; k += 4) {
      const at = row + ((<usize>k) << 2);
      v128.store(at, f32x4.mul(scale, exponential(f32x4.sub(v128.load(at), shift))));
    }
    for (; k < v; k++) {
      const at = row + ((<usize>k) << 2);
      store<f32>(at, weight * exponentialOf(load<f32>(at) - logSumExp));
    }
    store<f32>(label, load<f32>(label) - weight);
  }
}

/** The sum of values, in float64. */
export function sumInto(count: u32, values: usize, sum: usize): void {
  let total: f64 = 0;
  for (let i: u32 = 0; i < count; i++) total += <f64>load<f32>(values + ((<usize>i) << 2));
  store<f32>(sum, <f32>total);
}
