import type { Layout } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { headCrossEntropy, headLoss, headRowLosses } from '../../ops/head-cross-entropy/head-cross-entropy.ts';
import { registerStockGradients } from '../../ops/stock-gradients/stock-gradients.ts';
import type { TokenBatch } from '../../training/token-batch.ts';
import { AdapterTensors } from '../adapter-tensors.ts';
import { countLabels, labelledRows } from '../labelled-rows.ts';
import type { LossAndGradient } from '../language-model.ts';
import { hiddenStates } from './composed-forward.ts';
import type { ComposedModel } from './composed-model.ts';

/**
 * The loss of a batch and its gradient with respect to theta: the mean negative log-likelihood over all labels.
 * @param theta [N], left as it is   @returns tensors that the caller disposes
 */
export function composedGradient(
  model: ComposedModel,
  layout: Layout,
  theta: tf.Tensor1D,
  batch: TokenBatch,
): LossAndGradient {
  registerStockGradients();
  return tf.tidy(() => {
    const { selection, targets } = labelledRows(batch);
    const adapter = AdapterTensors.fromTheta(layout, theta);
    const lossOf = (...matrices: tf.Tensor[]): tf.Scalar => {
      const adapter = AdapterTensors.fromMatrices(layout, matrices as tf.Tensor2D[]);
      return headCrossEntropy(hiddenStates(model, adapter, batch, selection), model.weights.head, targets);
    };
    const { value, grads } = tf.valueAndGrads(lossOf)([...adapter.matrices]);
    adapter.dispose();
    const gradient = tf.concat1d(grads.map((grad) => tf.reshape(grad, [grad.size]) as tf.Tensor1D));
    return { loss: value as tf.Scalar, gradient };
  });
}

/** The loss of a batch alone. @returns a scalar; the caller disposes it */
export function composedLoss(model: ComposedModel, adapter: AdapterTensors | null, batch: TokenBatch): tf.Scalar {
  return tf.tidy(() => {
    const { selection, targets } = labelledRows(batch);
    return headLoss(hiddenStates(model, adapter, batch, selection), model.weights.head, targets);
  });
}

/** The loss of each label by itself, in nats. @returns [labels]; the caller disposes it */
export function composedLabelLosses(
  model: ComposedModel,
  adapter: AdapterTensors | null,
  batch: TokenBatch,
): tf.Tensor1D {
  return tf.tidy(() => {
    const { selection, targets } = labelledRows(batch, 1);
    const losses = headRowLosses(hiddenStates(model, adapter, batch, selection), model.weights.head, targets);
    return tf.slice(losses, 0, countLabels(batch));
  });
}
