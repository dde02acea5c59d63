import type { Layout } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { AdapterTensors } from '../model/adapter-tensors.ts';
import { hiddenStates } from '../model/forward.ts';
import type { LanguageModel } from '../model/language-model.ts';
import type { RowSelection } from '../ops/gather-rows/gather-rows.ts';
import { headCrossEntropy, headLoss, type RowTargets } from '../ops/head-cross-entropy/head-cross-entropy.ts';
import { registerStockGradients } from '../ops/stock-gradients/stock-gradients.ts';
import { noLabel, type TokenBatch } from './token-batch.ts';

export type LossAndGradient = {
  /** Nats a response token; a scalar. */
  readonly loss: tf.Scalar;
  /** [N], in layout order. */
  readonly gradient: tf.Tensor1D;
};

/**
 * The loss of a batch and its gradient with respect to theta: the mean negative log-likelihood over all labels.
 * @param theta [N], left as it is   @returns tensors that the caller disposes
 */
export function lossAndGradient(
  model: LanguageModel,
  layout: Layout,
  theta: tf.Tensor1D,
  batch: TokenBatch,
): LossAndGradient {
  registerStockGradients();
  return tf.tidy(() => {
    const { selection, targets } = labelledRows(batch);
    const matrices = AdapterTensors.fromTheta(layout, theta).matrices as tf.Tensor2D[];
    const lossOf = (...matrices: tf.Tensor[]): tf.Scalar => {
      const adapter = new AdapterTensors(layout, matrices as tf.Tensor2D[]);
      return headCrossEntropy(hiddenStates(model, adapter, batch, selection), model.weights.head, targets);
    };
    const { value, grads } = tf.valueAndGrads(lossOf)(matrices);
    const gradient = tf.concat1d(grads.map((grad) => tf.reshape(grad, [grad.size]) as tf.Tensor1D));
    return { loss: value as tf.Scalar, gradient };
  });
}

/** The loss of a batch alone. @returns a scalar; the caller disposes it */
export function batchLoss(model: LanguageModel, adapter: AdapterTensors | null, batch: TokenBatch): tf.Scalar {
  return tf.tidy(() => {
    const { selection, targets } = labelledRows(batch);
    return headLoss(hiddenStates(model, adapter, batch, selection), model.weights.head, targets);
  });
}

/** How many labels of a batch carry loss. */
export function countLabels({ labels }: TokenBatch): number {
  let count = 0;
  for (const label of labels) if (label !== noLabel) count++;
  return count;
}

/** Rows are padded to a multiple of this, so that few shapes occur. */
const rowStep = 32;

/**
 * The positions that carry loss. Response-only loss leaves most positions without: the last block and the head
 * need not see those. @returns tensors that the caller disposes
 */
function labelledRows(batch: TokenBatch): { selection: RowSelection; targets: RowTargets } {
  const positions = batch.labels.length;
  const count = countLabels(batch);
  const padded = Math.min(positions, Math.max(1, Math.ceil(count / rowStep)) * rowStep);
  const indices = new Int32Array(padded);
  const inverse = new Int32Array(positions).fill(padded);
  const labels = new Int32Array(padded);
  const weights = new Float32Array(padded);
  let row = 0;
  for (let position = 0; position < positions; position++) {
    const label = batch.labels[position] as number;
    if (label === noLabel) continue;
    indices[row] = position;
    inverse[position] = row;
    labels[row] = label;
    weights[row] = 1 / count;
    row++;
  }
  return {
    selection: { indices: tf.tensor1d(indices, 'int32'), inverse: tf.tensor1d(inverse, 'int32') },
    targets: { labels: tf.tensor1d(labels, 'int32'), weights: tf.tensor1d(weights) },
  };
}
