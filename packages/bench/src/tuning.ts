import type { LanguageModel, TokenBatch } from '@perfit/core';
import {
  type AdamWStep,
  type AdamWTensors,
  ComposedAdamW,
  type OwnedAdamW,
  ownedAdamW,
  PackedModel,
  WgslRunner,
} from '@perfit/core/programs';
import { initialTheta, type Layout, Mask, PROJECTIONS } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';

export const LEARNING_RATE = 1e-3;

/** What AdamW is timed with: clipped, without decay. */
export const STEP: AdamWStep = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  stepSize: LEARNING_RATE,
  spreadScale: 1,
  decay: 0,
  clipNorm: 1,
};

/** B and T of a batch, and the rank of an adapter on all seven projections. */
export interface StepSizes {
  readonly rows: number;
  readonly length: number;
  readonly rank: number;
}

/** Which positions of a batch carry loss: all, or, as in chats, about half. */
export const LABELLED = { all: 1, half: 0.5 } as const;

interface TuningWish extends StepSizes {
  readonly labelled: keyof typeof LABELLED;
}

/** Theta, its optimizer, and one batch, on the current backend. */
export class Tuning {
  readonly layout: Layout;
  readonly #model: LanguageModel;
  readonly #optimizer: OwnedAdamW;
  readonly batch: TokenBatch;
  #gradient: tf.Tensor1D | null = null;

  constructor(model: LanguageModel, { rows, length, rank, labelled }: TuningWish) {
    const space = { rank, alpha: rank, targets: PROJECTIONS };
    this.#model = model;
    this.layout = model.layout(space);
    const { size } = this.layout;
    const tensors: AdamWTensors = {
      theta: tf.keep(tf.tensor1d(initialTheta(this.layout, 1))),
      firstMoment: tf.keep(tf.zeros([size])),
      secondMoment: tf.keep(tf.zeros([size])),
    };
    const mask = Mask.full(size);
    this.#optimizer = model instanceof PackedModel ? ownedAdamW(tensors, mask) : new ComposedAdamW(tensors, mask);
    const words = (seed: number) =>
      Int32Array.from({ length: rows * length }, (_, i) => (i * seed) % model.config.vocabSize);
    const labels = words(41).map((id, i) => (labelled === 'all' || i % 2 === 0 ? id : -100));
    this.batch = { inputIds: words(37), labels, rows, length, tokens: rows * length };
  }

  /** Milliseconds of a step, the best of some. */
  async time(steps: number): Promise<number> {
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < steps; i++) {
      const began = performance.now();
      await this.step();
      best = Math.min(best, performance.now() - began);
    }
    return best;
  }

  async timeGradient(): Promise<number> {
    const began = performance.now();
    const { loss, gradient } = this.#model.lossAndGradient(this.layout, this.#optimizer.tensors.theta, this.batch);
    await loss.data();
    tf.dispose([loss, gradient]);
    return performance.now() - began;
  }

  /** An update alone, with the latest gradient. */
  update(): void {
    this.#optimizer.apply(this.#gradient as tf.Tensor1D, STEP, null);
  }

  /** Loss, gradient, clipping and AdamW, waited for. @throws RangeError where the loss is no number */
  async step(): Promise<void> {
    // Before the next one is made: a step holds one.
    this.#gradient?.dispose();
    const { loss, gradient } = this.#model.lossAndGradient(this.layout, this.#optimizer.tensors.theta, this.batch);
    this.#gradient = gradient;
    this.update();
    const [value] = await loss.data();
    loss.dispose();
    const isComputed = tf.getBackend() !== 'webgpu' || !WgslRunner.current().isRehearsal;
    if (isComputed && !Number.isFinite(value)) throw new RangeError(`the loss of the synthetic model is ${value}`);
  }

  dispose(): void {
    this.#gradient?.dispose();
    this.#optimizer.dispose();
  }
}
