import * as tf from '@tensorflow/tfjs-core';
import type { FrozenMatrix } from '../frozen-matrix/frozen-matrix.ts';

/** What each row of the hidden states must predict. */
export interface RowTargets {
  /** [Q] int32, the token. */
  readonly labels: tf.Tensor1D;
  /** [Q], the row's share of the loss: 1 / (number of labels) for a row that counts, 0 for padding. */
  readonly weights: tf.Tensor1D;
}

/**
 * The language-model head and the cross-entropy in one: Σ weights · (logsumexp(logits) - logits[label]),
 * logits = hidden · Wᵀ, with a gradient for the hidden states only.
 * No one-hot labels: d hidden = weights · (softmax · W - W[label]), computed on the way forward, so that
 * the logits are gone when the pass returns.
 * @param hidden [Q, D]   @param head W [V, D], frozen   @returns a scalar; the caller disposes it
 */
export function headCrossEntropy(hidden: tf.Tensor2D, head: FrozenMatrix, targets: RowTargets): tf.Scalar {
  const run = tf.customGrad((...inputs) => {
    const [hidden, save] = inputs as unknown as [tf.Tensor2D, tf.GradSaveFunc];
    const logits = head.forward(hidden); // [Q, V]
    const labelRows = head.rows(targets.labels); // [Q, D]
    const probabilities = tf.softmax(logits) as tf.Tensor2D; // [Q, V]
    const value = weightedLoss(hidden, labelRows, targets.weights, logSumExp(logits, probabilities));
    const share = tf.expandDims(targets.weights, 1);
    save([tf.mul(tf.sub(head.backward(probabilities), labelRows), share)]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(saved[0] as tf.Tensor2D, dy);
    return { value, gradFunc };
  });
  return run(hidden) as tf.Scalar;
}

/** The loss alone: what evaluation needs. */
export function headLoss(hidden: tf.Tensor2D, head: FrozenMatrix, targets: RowTargets): tf.Scalar {
  return tf.tidy(() => {
    const logits = head.forward(hidden);
    const labelRows = head.rows(targets.labels);
    return weightedLoss(hidden, labelRows, targets.weights, logSumExp(logits, tf.softmax(logits) as tf.Tensor2D));
  });
}

/**
 * log Σ exp over the last axis, from the logits and their softmax: the greatest probability is at least 1/V, so its
 * logarithm is exact, and softmax is a fast kernel on every backend where exp is not.
 * @returns [Q]; the caller disposes it
 */
export function logSumExp(logits: tf.Tensor2D, probabilities: tf.Tensor2D): tf.Tensor1D {
  return tf.tidy(() => tf.sub(tf.max(logits, -1), tf.log(tf.max(probabilities, -1))) as tf.Tensor1D);
}

function weightedLoss(
  hidden: tf.Tensor2D,
  labelRows: tf.Tensor2D,
  weights: tf.Tensor1D,
  logSumExp: tf.Tensor1D,
): tf.Scalar {
  const labelLogits = tf.sum(tf.mul(hidden, labelRows), -1);
  return tf.sum(tf.mul(tf.sub(logSumExp, labelLogits), weights));
}

/** The same in stock ops with their own gradients, labels one-hot: what {@link headCrossEntropy} is held against. */
export function composedHeadCrossEntropy(hidden: tf.Tensor2D, head: FrozenMatrix, targets: RowTargets): tf.Scalar {
  const logits = tf.matMul(hidden, head.natural, false, true);
  const picked = tf.sum(tf.mul(logits, tf.oneHot(targets.labels, head.outWidth)), -1);
  return tf.sum(tf.mul(tf.sub(tf.logSumExp(logits, -1), picked), targets.weights));
}
