import * as tf from '@tensorflow/tfjs-core';
import type { FrozenMatrix } from '../frozen-matrix/frozen-matrix.ts';

/** What each row of the hidden states must predict. */
export interface RowTargets {
  /** [Q] int32, the token. */
  readonly labels: tf.Tensor1D;
  /** [Q], the row's share of the loss: 1 / (number of labels) for a row that counts, 0 for padding. */
  readonly weights: tf.Tensor1D;
}

/** The most logits that exist at a time, in numbers (32 MiB): more rows go through the head in turns. */
const maxLogitsAtOnce = 2 ** 23;

/**
 * The language-model head and the cross-entropy in one: Σ weights · (logsumexp(logits) - logits[label]),
 * logits = hidden · Wᵀ, with a gradient for the hidden states only.
 * No one-hot labels: d hidden = weights · (softmax · W - W[label]), computed on the way forward, so that
 * the logits are gone when the pass returns.
 * @param hidden [Q, D]   @param head W [V, D], frozen   @returns a scalar; the caller disposes it
 */
export function headCrossEntropy(
  hidden: tf.Tensor2D,
  head: FrozenMatrix,
  targets: RowTargets,
  maxLogits = maxLogitsAtOnce,
): tf.Scalar {
  const run = tf.customGrad((...inputs) => {
    const [hidden, save] = inputs as unknown as [tf.Tensor2D, tf.GradSaveFunc];
    const parts = inTurns(hidden, head, targets, maxLogits).map((part) =>
      tf.tidy(() => {
        const { loss, labelRows, probabilities } = rowLoss(part.hidden, head, part.targets);
        const share = tf.expandDims(part.targets.weights, 1);
        const slope = tf.mul(tf.sub(head.backward(probabilities), labelRows), share);
        return [loss, slope] as [tf.Scalar, tf.Tensor2D];
      }),
    );
    save([concatRows(parts.map(([, slope]) => slope))]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(saved[0] as tf.Tensor2D, dy);
    return { value: sum(parts.map(([loss]) => loss)), gradFunc };
  });
  return run(hidden) as tf.Scalar;
}

/** The loss alone: what evaluation needs. */
export function headLoss(
  hidden: tf.Tensor2D,
  head: FrozenMatrix,
  targets: RowTargets,
  maxLogits = maxLogitsAtOnce,
): tf.Scalar {
  return tf.tidy(() => {
    const parts = inTurns(hidden, head, targets, maxLogits);
    return sum(parts.map((part) => tf.tidy(() => rowLoss(part.hidden, head, part.targets).loss)));
  });
}

/** What came of each row by itself. */
export type RowOutcomes = {
  /** [Q], weighted: their sum is {@link headLoss}. */
  readonly losses: tf.Tensor1D;
  /** [Q], 1 where no word has a greater logit than the row's label, 0 elsewhere; of padding anything. */
  readonly hits: tf.Tensor1D;
};

/** @returns tensors that the caller disposes */
export function headRowOutcomes(
  hidden: tf.Tensor2D,
  head: FrozenMatrix,
  targets: RowTargets,
  maxLogits = maxLogitsAtOnce,
): RowOutcomes {
  return tf.tidy(() => {
    const parts = inTurns(hidden, head, targets, maxLogits).map((part) =>
      tf.tidy(() => {
        const { losses, logits } = rowLoss(part.hidden, head, part.targets);
        const hits = tf.cast(tf.equal(tf.argMax(logits, -1), part.targets.labels), 'float32');
        return { losses, hits: hits as tf.Tensor1D };
      }),
    );
    return { losses: joined(parts.map(({ losses }) => losses)), hits: joined(parts.map(({ hits }) => hits)) };
  });
}

function joined(parts: tf.Tensor1D[]): tf.Tensor1D {
  return parts.length === 1 ? (parts[0] as tf.Tensor1D) : tf.concat1d(parts);
}

/** @param hidden [Q, D]   @returns the rows' losses [Q] and their sum, W[label] [Q, D], the logits and their softmax [Q, V] */
function rowLoss(hidden: tf.Tensor2D, head: FrozenMatrix, { labels, weights }: RowTargets) {
  const logits = head.forward(hidden);
  const labelRows = head.rows(labels);
  const probabilities = tf.softmax(logits) as tf.Tensor2D;
  const labelLogits = tf.sum(tf.mul(hidden, labelRows), -1);
  const losses = tf.mul(tf.sub(logSumExp(logits, probabilities), labelLogits), weights) as tf.Tensor1D;
  return { losses, loss: tf.sum(losses) as tf.Scalar, labelRows, logits, probabilities };
}

/** Runs of rows whose logits are not too many; all rows at once as a rule. */
function inTurns(hidden: tf.Tensor2D, head: FrozenMatrix, targets: RowTargets, maxLogits: number) {
  const rows = hidden.shape[0];
  const most = Math.max(1, Math.floor(maxLogits / head.outWidth));
  if (rows <= most) return [{ hidden, targets }];
  return Array.from({ length: Math.ceil(rows / most) }, (_, turn) => {
    const start = turn * most;
    const count = Math.min(most, rows - start);
    const { labels, weights } = targets;
    return {
      hidden: tf.slice(hidden, [start, 0], [count, -1]),
      targets: { labels: tf.slice(labels, start, count), weights: tf.slice(weights, start, count) },
    };
  });
}

function concatRows(parts: tf.Tensor2D[]): tf.Tensor2D {
  return parts.length === 1 ? (parts[0] as tf.Tensor2D) : tf.concat(parts, 0);
}

function sum(parts: tf.Scalar[]): tf.Scalar {
  return parts.reduce((total, part) => tf.add(total, part) as tf.Scalar);
}

/**
 * log Σ exp over the last axis, from the logits and their softmax: the greatest probability is at least 1/V, so its
 * logarithm is exact, and softmax is a fast kernel on every backend where exp is not.
 * @returns [Q]; the caller disposes it
 */
export function logSumExp(logits: tf.Tensor2D, probabilities: tf.Tensor2D): tf.Tensor1D {
  return tf.tidy(() => tf.sub(tf.max(logits, -1), tf.log(tf.max(probabilities, -1))) as tf.Tensor1D);
}

/** The same in stock ops with their own gradients, labels one-hot: what {@link headCrossEntropy} is held against. */
export function composedHeadCrossEntropy(hidden: tf.Tensor2D, head: FrozenMatrix, targets: RowTargets): tf.Scalar {
  const logits = tf.matMul(hidden, head.natural, false, true);
  const picked = tf.sum(tf.mul(logits, tf.oneHot(targets.labels, head.outWidth)), -1);
  return tf.sum(tf.mul(tf.sub(tf.logSumExp(logits, -1), picked), targets.weights));
}
