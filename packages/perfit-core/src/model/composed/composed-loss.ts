import type { Layout } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { headCrossEntropy, headLoss, headRowOutcomes } from '../../ops/head-cross-entropy/head-cross-entropy.ts';
import { rmsNorm } from '../../ops/rms-norm/rms-norm.ts';
import { registerStockGradients } from '../../ops/stock-gradients/stock-gradients.ts';
import type { TokenBatch } from '../../text/token-batch.ts';
import { AdapterTensors } from '../adapter-tensors.ts';
import { batchParts, type TokenPart } from '../batch-parts.ts';
import { countLabels, firstOutcomes, joinOutcomes, labelledRows } from '../labelled-rows.ts';
import type { LabelOutcomes, LossAndGradient } from '../language-model.ts';
import { hiddenStates, type Pass, runBlock, wholePass } from './composed-forward.ts';
import type { ComposedModel } from './composed-model.ts';

/**
 * The loss of a batch and its gradient with respect to theta: the mean negative log-likelihood over all labels. However
 * many rows are computed at once, and whether blocks are computed twice, it is the same to rounding.
 * @param theta [N], left as it is   @returns tensors that the caller disposes
 */
export function composedGradient(
  model: ComposedModel,
  layout: Layout,
  theta: tf.Tensor1D,
  batch: TokenBatch,
): LossAndGradient {
  registerStockGradients();
  const labels = countLabels(batch);
  const gradientOf = model.checkpointing ? checkpointedGradient : tapedGradient;
  return tf.tidy(() => {
    const adapter = AdapterTensors.fromTheta(layout, theta);
    const parts = batchParts(batch, model.rowsAtOnce).map((part) => () => gradientOf(model, adapter, part, labels));
    const total = parts
      .slice(1)
      .reduce((sum, next) => added(sum, tf.tidy(next)), tf.tidy(parts[0] as () => LossAndGradient));
    adapter.dispose();
    return total;
  });
}

function added(sum: LossAndGradient, next: LossAndGradient): LossAndGradient {
  const total = { loss: tf.add(sum.loss, next.loss), gradient: tf.add(sum.gradient, next.gradient) };
  tf.dispose([sum.loss, sum.gradient, next.loss, next.gradient]);
  return total as LossAndGradient;
}

/** Everything that the backward pass needs is kept on the way. @param labels that the loss is a mean over */
function tapedGradient(
  model: ComposedModel,
  adapter: AdapterTensors,
  part: TokenPart,
  labels: number,
): LossAndGradient {
  const { selection, targets } = labelledRows(part, labels);
  const lossOf = (...matrices: tf.Tensor[]): tf.Scalar => {
    const watched = AdapterTensors.fromMatrices(adapter.layout, matrices as tf.Tensor2D[]);
    return headCrossEntropy(hiddenStates(model, watched, part, selection), model.weights.head, targets);
  };
  const { value, grads } = tf.valueAndGrads(lossOf)([...adapter.matrices]);
  return { loss: value as tf.Scalar, gradient: flat(grads) };
}

/**
 * Of each block its input alone is kept; on the way back it is computed once more, for its own gradient.
 * Source: Chen et al. 2016, Training Deep Nets with Sublinear Memory Cost (arXiv 1604.06174).
 */
function checkpointedGradient(
  model: ComposedModel,
  adapter: AdapterTensors,
  part: TokenPart,
  labels: number,
): LossAndGradient {
  const { layers, normEpsilon } = model.config;
  const { embedding, finalNorm, head } = model.weights;
  const { selection, targets } = labelledRows(part, labels);
  const pass = wholePass(model, adapter, part, selection);
  const inputs = [embedding.rows(tf.tensor1d(part.inputIds, 'int32'))];
  for (let layer = 0; layer < layers; layer++) {
    inputs.push(tf.tidy(() => runBlock(pass, layer, inputs[layer] as tf.Tensor2D)));
  }
  const last = inputs.pop() as tf.Tensor2D;
  const lossOf = (x: tf.Tensor) => headCrossEntropy(rmsNorm(x as tf.Tensor2D, finalNorm, normEpsilon), head, targets);
  const { value, grad } = tf.valueAndGrad(lossOf)(last);
  last.dispose();
  const gradients = new Map<number, tf.Tensor>();
  let dy = grad;
  for (let layer = layers - 1; layer >= 0; layer--) {
    const x = inputs.pop() as tf.Tensor2D;
    const { dx, matrices } = blockGradient(pass, layer, { x, dy });
    for (const [i, gradient] of matrices) gradients.set(i, gradient);
    tf.dispose([x, dy]);
    dy = dx ?? dy;
  }
  const gradient = flat(adapter.matrices.map((_, i) => gradients.get(i) as tf.Tensor));
  return { loss: value as tf.Scalar, gradient };
}

/** @returns of the adapter's matrices of this block, by their place in the layout, and of its input, where anything trains below */
function blockGradient(
  pass: Pass,
  layer: number,
  { x, dy }: { x: tf.Tensor2D; dy: tf.Tensor },
): { dx: tf.Tensor | null; matrices: readonly (readonly [number, tf.Tensor])[] } {
  const adapter = pass.adapter as AdapterTensors;
  const own = adapter.layout.tensors.flatMap(({ layer: at }, i) => (at === layer ? [i] : []));
  const outputOf = (input: tf.Tensor, ...matrices: tf.Tensor[]) => {
    const all = [...adapter.matrices];
    own.forEach((i, at) => {
      all[i] = matrices[at] as tf.Tensor2D;
    });
    const watched = AdapterTensors.fromMatrices(adapter.layout, all);
    return runBlock({ ...pass, adapter: watched }, layer, input as tf.Tensor2D);
  };
  const matrices = own.map((i) => adapter.matrices[i] as tf.Tensor2D);
  const isFirst = layer === 0;
  const grads = isFirst
    ? tf.grads((...some: tf.Tensor[]) => outputOf(x, ...some))(matrices, dy)
    : tf.grads((input: tf.Tensor, ...some: tf.Tensor[]) => outputOf(input, ...some))([x, ...matrices], dy);
  const dx = isFirst ? null : (grads.shift() as tf.Tensor);
  return { dx, matrices: own.map((i, at) => [i, grads[at] as tf.Tensor] as const) };
}

function flat(grads: readonly tf.Tensor[]): tf.Tensor1D {
  return tf.concat1d(grads.map((grad) => tf.reshape(grad, [grad.size]) as tf.Tensor1D));
}

/** The loss of a batch alone. @returns a scalar; the caller disposes it */
export function composedLoss(model: ComposedModel, adapter: AdapterTensors | null, batch: TokenBatch): tf.Scalar {
  const labels = countLabels(batch);
  return tf.tidy(() => {
    const losses = batchParts(batch, model.rowsAtOnce).map((part) =>
      tf.tidy(() => {
        const { selection, targets } = labelledRows(part, labels);
        return headLoss(hiddenStates(model, adapter, part, selection), model.weights.head, targets);
      }),
    );
    return tf.addN(losses) as tf.Scalar;
  });
}

/** What came of each label by itself. @returns tensors that the caller disposes */
export function composedLabelOutcomes(
  model: ComposedModel,
  adapter: AdapterTensors | null,
  batch: TokenBatch,
): LabelOutcomes {
  return tf.tidy(() => {
    const parts = batchParts(batch, model.rowsAtOnce).map((part) =>
      tf.tidy(() => {
        const { selection, targets } = labelledRows(part, 1);
        const hidden = hiddenStates(model, adapter, part, selection);
        return firstOutcomes(headRowOutcomes(hidden, model.weights.head, targets), countLabels(part));
      }),
    );
    return joinOutcomes(parts);
  });
}
