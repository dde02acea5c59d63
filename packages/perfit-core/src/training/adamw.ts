import type { Mask } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';

export interface AdamWSettings {
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Global norm over owned coordinates; 0 clips nothing. */
  readonly clipNorm: number;
}

/** theta and both moments after `step` steps, each [N], on the host. */
export interface AdamWState {
  readonly step: number;
  readonly theta: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
}

/**
 * AdamW on the packed theta, confined to a mask (PF4): gradient, moments, weight decay and the norm that clipping looks
 * at know owned coordinates only; all others stay as they are to the bit. Decoupled weight decay, bias correction.
 * It owns its tensors until {@link MaskedAdamW.dispose}.
 * Source: Loshchilov & Hutter 2019 (arXiv 1711.05101), algorithm 2.
 */
export class MaskedAdamW {
  readonly #settings: AdamWSettings;
  readonly #mask: tf.Tensor1D;
  #theta: tf.Tensor1D;
  #firstMoment: tf.Tensor1D;
  #secondMoment: tf.Tensor1D;
  #step: number;

  /** @param state where an earlier run was; copied */
  constructor(state: AdamWState, mask: Mask, settings: AdamWSettings) {
    this.#settings = settings;
    this.#mask = tf.tensor1d(Float32Array.from({ length: mask.size }, (_, p) => (mask.has(p) ? 1 : 0)));
    this.#theta = tf.tensor1d(state.theta);
    this.#firstMoment = tf.tensor1d(state.firstMoment);
    this.#secondMoment = tf.tensor1d(state.secondMoment);
    this.#step = state.step;
  }

  static start(theta: Float32Array): AdamWState {
    return {
      step: 0,
      theta,
      firstMoment: new Float32Array(theta.length),
      secondMoment: new Float32Array(theta.length),
    };
  }

  /** The current theta [N], owned by the optimizer and replaced by the next step. */
  get theta(): tf.Tensor1D {
    return this.#theta;
  }

  get step(): number {
    return this.#step;
  }

  /** One step. @param gradient [N], left as it is */
  apply(gradient: tf.Tensor1D): void {
    const { learningRate, weightDecay, beta1, beta2, epsilon } = this.#settings;
    this.#step++;
    const [theta, firstMoment, secondMoment] = tf.tidy(() => {
      const g = this.#clip(tf.mul(gradient, this.#mask));
      const m = tf.add(tf.mul(this.#firstMoment, beta1), tf.mul(g, 1 - beta1)) as tf.Tensor1D;
      const v = tf.add(tf.mul(this.#secondMoment, beta2), tf.mul(tf.square(g), 1 - beta2)) as tf.Tensor1D;
      const stepSize = learningRate / (1 - beta1 ** this.#step);
      const spread = tf.add(tf.mul(tf.sqrt(v), 1 / Math.sqrt(1 - beta2 ** this.#step)), epsilon);
      const decay = tf.mul(tf.mul(this.#theta, this.#mask), learningRate * weightDecay);
      const change = tf.add(tf.mul(tf.div(m, spread), stepSize), decay);
      return [tf.sub(this.#theta, change) as tf.Tensor1D, m, v];
    }) as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
    tf.dispose([this.#theta, this.#firstMoment, this.#secondMoment]);
    this.#theta = tf.keep(theta);
    this.#firstMoment = tf.keep(firstMoment);
    this.#secondMoment = tf.keep(secondMoment);
  }

  #clip(gradient: tf.Tensor): tf.Tensor {
    const { clipNorm } = this.#settings;
    if (clipNorm === 0) return gradient;
    const norm = tf.sqrt(tf.sum(tf.square(gradient)));
    return tf.mul(gradient, tf.minimum(tf.div(clipNorm, tf.add(norm, 1e-6)), 1));
  }

  async state(): Promise<AdamWState> {
    const read = async (tensor: tf.Tensor1D) => (await tensor.data()) as Float32Array;
    const [theta, firstMoment, secondMoment] = await Promise.all([
      read(this.#theta),
      read(this.#firstMoment),
      read(this.#secondMoment),
    ]);
    return { step: this.#step, theta, firstMoment, secondMoment };
  }

  dispose(): void {
    tf.dispose([this.#mask, this.#theta, this.#firstMoment, this.#secondMoment]);
  }
}
