import { initialTheta, type Layout, PROJECTIONS } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import type { LanguageModel } from '../model/language-model.ts';
import type { TokenBatch } from '../training/token-batch.ts';
import type { ParityCheck } from './run-parity.ts';

/**
 * Holds a model against another one of the same weights on the current backend: losses and gradients of every batch, at
 * an adapter that does something. The bounds are those that parity with another framework has.
 */
export async function* compareModels(
  model: LanguageModel,
  reference: LanguageModel,
  batches: readonly TokenBatch[],
): AsyncGenerator<ParityCheck> {
  const layout = model.layout({ rank: 8, alpha: 16, targets: PROJECTIONS });
  const theta = tf.tensor1d(busyTheta(layout));
  try {
    for (const [i, batch] of batches.entries()) {
      const ours = await measure(model, layout, theta, batch);
      const theirs = await measure(reference, layout, theta, batch);
      const lossError = Math.abs(ours.loss - theirs.loss) / Math.abs(theirs.loss);
      yield check(`loss, batch ${i}`, { measure: 'relative difference', error: lossError, bound: 1e-4 });
      const gradientError = distance(ours.gradient, theirs.gradient) / distance(theirs.gradient);
      yield check(`gradient, batch ${i}`, { measure: '‖difference‖ / ‖gradient‖', error: gradientError, bound: 1e-3 });
    }
  } finally {
    theta.dispose();
  }
}

/** θ⁰ has B = 0, where half of the gradient is zero. */
function busyTheta(layout: Layout): Float32Array {
  return initialTheta(layout, 1).map((value, p) => value + 0.02 * Math.sin(p));
}

async function measure(model: LanguageModel, layout: Layout, theta: tf.Tensor1D, batch: TokenBatch) {
  const { loss, gradient } = model.lossAndGradient(layout, theta, batch);
  const [[lossValue], values] = await Promise.all([loss.data(), gradient.data<'float32'>()]);
  tf.dispose([loss, gradient]);
  return { loss: lossValue as number, gradient: values };
}

function distance(a: Float32Array, b?: Float32Array): number {
  let sum = 0;
  for (let p = 0; p < a.length; p++) sum += ((a[p] as number) - (b?.[p] ?? 0)) ** 2;
  return Math.sqrt(sum);
}

function check(name: string, at: Omit<ParityCheck, 'name' | 'passed'>): ParityCheck {
  return { name, ...at, passed: at.error <= at.bound };
}
