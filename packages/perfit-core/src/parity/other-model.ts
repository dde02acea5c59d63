import type { Layout } from '@perfit/protocol/space';
import type { Precision } from '../ops/packed-matrix/formats.ts';
import type { TokenBatch } from '../text/token-batch.ts';
import type { ModelSource } from '../weights/source.ts';

/**
 * The same base model by other hands: what our numbers and our times are held against. It computes where it likes and
 * leaves TensorFlow.js' current backend as it found it.
 */
export interface OtherModel {
  /** For people. */
  readonly name: string;

  /** The mean negative log-likelihood over all labels, and its gradient. @param theta [N]   @returns the gradient as [N], in layout order */
  lossAndGradient(layout: Layout, theta: Float32Array, batch: TokenBatch): Promise<OtherGradient>;

  /** Starts to tune an adapter by Adam, all of it. @param theta [N]   @param learningRate of every step */
  tuning(layout: Layout, theta: Float32Array, learningRate: number): Promise<OtherTuning>;

  dispose(): void;
}

export interface OtherGradient {
  /** Nats a label. */
  readonly loss: number;
  readonly gradient: Float32Array;
}

export interface OtherTuning {
  /** One step, waited for. @returns the loss before it */
  step(batch: TokenBatch): Promise<number>;
  dispose(): void;
}

/** Loads a model, its matrices rounded as `precision` rounds them. @throws ModelError   @throws WeightsError */
export type OpenOther = (source: ModelSource, precision: Precision) => Promise<OtherModel>;
