import type { Layout, LoraSpace, ModelDimensions } from '@perfit/protocol/space';
import type * as tf from '@tensorflow/tfjs-core';
import type { Precision } from '../ops/packed-matrix/formats.ts';
import type { TokenBatch } from '../text/token-batch.ts';
import type { AdapterTensors } from './adapter-tensors.ts';
import type { ModelConfig } from './config.ts';
import type { MemoryPlan } from './packed/plan-memory.ts';

// B batch, T time, V vocabulary, N adapter size.

/** Tokens of B sequences of one length T, on the host. */
export interface TokenRows {
  /** [B·T] */
  readonly inputIds: Int32Array;
  readonly rows: number;
  readonly length: number;
}

export type LossAndGradient = {
  /** Nats a response token; a scalar. */
  readonly loss: tf.Scalar;
  /** [N], in layout order. */
  readonly gradient: tf.Tensor1D;
};

/** By label, of those that carry loss. */
export type LabelOutcomes = {
  /** [labels], its negative log-likelihood in nats: their mean is {@link LanguageModel.loss}. */
  readonly losses: tf.Tensor1D;
  /** [labels], 1 where the label is the likeliest token, or as likely as that; 0 elsewhere. */
  readonly hits: tf.Tensor1D;
};

/** Keys and values of the tokens seen so far, one sequence, for generation. */
export interface KvCache {
  /** The most tokens that it can hold. */
  readonly capacity: number;
  /** Tokens held. */
  readonly length: number;
  /** Keeps the first `length` tokens. @throws RangeError where fewer are held */
  truncate(length: number): void;
  /** Makes room for more, at the same tokens. @throws RangeError where the capacity is more than that already */
  grow(capacity: number): void;
  dispose(): void;
}

/** @throws RangeError */
export function checkTruncation(cache: KvCache, length: number): void {
  if (length > cache.length) throw new RangeError(`the cache holds ${cache.length} tokens, not ${length}`);
}

/** @throws RangeError */
export function checkGrowth(cache: KvCache, capacity: number): void {
  if (capacity < cache.capacity)
    throw new RangeError(`the cache holds ${cache.capacity} tokens, more than ${capacity}`);
}

/**
 * A base model on the backend: frozen, shared by every adapter. It owns its weights until it is disposed.
 * Tensors that its methods return are the caller's to dispose.
 */
export interface LanguageModel {
  readonly config: ModelConfig;
  readonly dimensions: ModelDimensions;
  /** What the weights were rounded to when they were loaded. */
  readonly precision: Precision;
  /** How a tuning that was wished for fits into the memory; null where nobody wished. */
  readonly plan: MemoryPlan | null;

  /** The layout of an adapter for this model (PF1). */
  layout(space: LoraSpace): Layout;

  /**
   * The loss of a batch and its gradient with respect to theta: the mean negative log-likelihood over all labels.
   * @param theta [N], left as it is
   */
  lossAndGradient(layout: Layout, theta: tf.Tensor1D, batch: TokenBatch): LossAndGradient;

  /** The loss of a batch alone. @returns a scalar */
  loss(adapter: AdapterTensors | null, batch: TokenBatch): tf.Scalar;

  /** What the model makes of each label that carries loss, by itself; row by row. */
  labelOutcomes(adapter: AdapterTensors | null, batch: TokenBatch): LabelOutcomes;

  /** Logits at every position. @returns [B·T, V] */
  sequenceLogits(adapter: AdapterTensors | null, tokens: TokenRows): tf.Tensor2D;

  /**
   * The logits of the token that follows `ids`.
   * With a cache, `ids` are the tokens that are new behind those that it holds: they are added to it, and only they are
   * computed. Without one, `ids` is the whole text.
   * @returns [V]
   * @throws RangeError where there are no ids, or where the cache would have to hold more than its capacity
   */
  nextLogits(adapter: AdapterTensors | null, ids: readonly number[] | Int32Array, cache?: KvCache): tf.Tensor1D;

  /** A cache for this model's {@link LanguageModel.nextLogits}; the caller disposes it. */
  createCache(capacity: number): KvCache;

  dispose(): void;
}
