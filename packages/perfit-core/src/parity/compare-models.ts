import { initialTheta, type Layout, PROJECTIONS } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import type { LanguageModel } from '../model/language-model.ts';
import type { TokenBatch } from '../text/token-batch.ts';
import type { OtherGradient, OtherModel } from './other-model.ts';
import type { ParityCheck } from './run-parity.ts';

/**
 * Holds a model against another implementation with the same weights: loss and gradient of every batch, at an adapter
 * that does something. The bounds are those that parity with another framework has.
 * @param opened the other one, or what opens it when the model has told all that it knows: the two need not lie in memory at
 * once
 */
export async function* compareModels(
  model: LanguageModel,
  opened: OtherModel | (() => Promise<OtherModel>),
  batches: readonly TokenBatch[],
): AsyncGenerator<ParityCheck> {
  const layout = model.layout({ rank: 8, alpha: 16, targets: PROJECTIONS });
  const theta = busyTheta(layout);
  const told: OtherGradient[] = [];
  for (const batch of batches) told.push(await measure(model, layout, theta, batch));
  const other = typeof opened === 'function' ? await opened() : opened;
  for (const [i, batch] of batches.entries()) {
    const ours = told[i] as OtherGradient;
    const theirs = await other.lossAndGradient(layout, theta, batch);
    const lossError = Math.abs(ours.loss - theirs.loss) / Math.abs(theirs.loss);
    yield check(`${other.name}: loss of batch ${i}`, {
      measure: 'relative difference',
      error: lossError,
      bound: 1e-4,
    });
    const gradientError = distance(ours.gradient, theirs.gradient) / distance(theirs.gradient);
    yield check(`${other.name}: gradient of batch ${i}`, {
      measure: '‖difference‖ / ‖gradient‖',
      error: gradientError,
      bound: 1e-3,
    });
  }
}

/** θ⁰ has B = 0, where half of the gradient is zero. */
function busyTheta(layout: Layout): Float32Array {
  return initialTheta(layout, 1).map((value, p) => value + 0.02 * Math.sin(p));
}

async function measure(
  model: LanguageModel,
  layout: Layout,
  values: Float32Array,
  batch: TokenBatch,
): Promise<OtherGradient> {
  const theta = tf.tensor1d(values);
  const { loss, gradient } = model.lossAndGradient(layout, theta, batch);
  const [[lossValue], gradientValues] = await Promise.all([loss.data(), gradient.data<'float32'>()]);
  tf.dispose([theta, loss, gradient]);
  return { loss: lossValue as number, gradient: gradientValues };
}

/** NaN where the lengths differ: a check over it fails. */
function distance(a: Float32Array, b?: Float32Array): number {
  if (b && b.length !== a.length) return Number.NaN;
  let sum = 0;
  for (let p = 0; p < a.length; p++) sum += ((a[p] as number) - (b?.[p] ?? 0)) ** 2;
  return Math.sqrt(sum);
}

function check(name: string, at: Omit<ParityCheck, 'name' | 'passed'>): ParityCheck {
  return { name, ...at, passed: at.error <= at.bound };
}
