import * as tf from '@tensorflow/tfjs-core';
import type { RowSelection } from '../ops/gather-rows/gather-rows.ts';
import type { RowOutcomes, RowTargets } from '../ops/head-cross-entropy/head-cross-entropy.ts';
import { noLabel, type TokenBatch } from '../text/token-batch.ts';
import type { LabelOutcomes } from './language-model.ts';

/** How many labels of a batch carry loss. */
export function countLabels({ labels }: Pick<TokenBatch, 'labels'>): number {
  let count = 0;
  for (const label of labels) if (label !== noLabel) count++;
  return count;
}

/** Without those of padding. @returns tensors that the caller disposes */
export function firstOutcomes({ losses, hits }: RowOutcomes, count: number): LabelOutcomes {
  return { losses: tf.slice(losses, 0, count), hits: tf.slice(hits, 0, count) };
}

/** Of all parts of a batch. @returns tensors that the caller disposes; of one part its own */
export function joinOutcomes(parts: readonly LabelOutcomes[]): LabelOutcomes {
  if (parts.length === 1) return parts[0] as LabelOutcomes;
  return {
    losses: tf.concat1d(parts.map(({ losses }) => losses)),
    hits: tf.concat1d(parts.map(({ hits }) => hits)),
  };
}

/** Rows are padded to a multiple of this, so that few shapes occur. */
const rowStep = 32;

/**
 * The positions that carry loss. Response-only loss leaves most positions without: the last block and the head
 * need not see those.
 * @param total labels that the loss is a mean over: those of a whole batch, where this is a part of it
 * @returns tensors that the caller disposes
 */
export function labelledRows(
  batch: Pick<TokenBatch, 'labels'>,
  total = countLabels(batch),
): { selection: RowSelection; targets: RowTargets } {
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
    weights[row] = 1 / total;
    row++;
  }
  return {
    selection: { indices: tf.tensor1d(indices, 'int32'), inverse: tf.tensor1d(inverse, 'int32') },
    targets: { labels: tf.tensor1d(labels, 'int32'), weights: tf.tensor1d(weights) },
  };
}
