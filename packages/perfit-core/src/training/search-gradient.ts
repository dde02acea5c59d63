import type { Layout } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import type { LanguageModel } from '../model/language-model.ts';
import type { TokenBatch } from '../text/token-batch.ts';
import { yieldToEventLoop } from './event-loop.ts';
import { TrainingError } from './training-error.ts';
import { meanGradient } from './tune.ts';

/** What a search looks at to score positions. */
export interface SearchTask {
  readonly model: LanguageModel;
  readonly layout: Layout;
  /** S of them, each counting the same. */
  readonly batches: readonly TokenBatch[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * ∂L/∂θ averaged over the batches in double precision, on the host. @returns [N]
 * @throws the signal's reason between two batches   @throws TrainingError `training-no-examples`
 */
export async function gradientOnHost(task: SearchTask, theta: Float32Array): Promise<Float32Array> {
  const { model, layout, batches, signal } = task;
  assertHasBatches(task);
  const sum = new Float64Array(layout.size);
  const onDevice = tf.tensor1d(theta);
  try {
    for (const batch of batches) {
      signal?.throwIfAborted();
      const { loss, gradient } = meanGradient(model, layout, onDevice, [batch]);
      const values = await gradient.data();
      tf.dispose([loss, gradient]);
      for (let p = 0; p < sum.length; p++) sum[p] = (sum[p] as number) + (values[p] as number);
      await yieldToEventLoop();
    }
  } finally {
    onDevice.dispose();
  }
  return Float32Array.from(sum, (value) => value / batches.length);
}

/**
 * ∂L/∂θ averaged over the batches in f32, on the device.
 * @param theta [N], left as it is   @returns [N]; the caller disposes it
 * @throws the signal's reason between two batches   @throws TrainingError `training-no-examples`
 */
export async function gradientOnDevice(task: SearchTask, theta: tf.Tensor1D): Promise<tf.Tensor1D> {
  const { model, layout, batches, signal } = task;
  assertHasBatches(task);
  let sum: tf.Tensor1D | null = null;
  try {
    for (const batch of batches) {
      signal?.throwIfAborted();
      const { loss, gradient } = meanGradient(model, layout, theta, [batch]);
      sum = sum ? added(sum, gradient) : gradient;
      // Where nothing is awaited, batches pile up in the device's queue.
      await loss.data();
      loss.dispose();
      await yieldToEventLoop();
    }
    return tf.mul(sum as tf.Tensor1D, 1 / batches.length);
  } finally {
    sum?.dispose();
  }
}

/** Disposes both. */
function added(x: tf.Tensor1D, y: tf.Tensor1D): tf.Tensor1D {
  const sum = tf.add(x, y);
  tf.dispose([x, y]);
  return sum as tf.Tensor1D;
}

function assertHasBatches({ batches }: SearchTask): void {
  if (batches.length > 0) return;
  throw new TrainingError('training-no-examples', 'there is no example to search a mask with');
}
