import type { Mask } from '@perfit/protocol/space';
import type { TuningCheckpoint } from '@perfit/protocol/tuner';
import * as tf from '@tensorflow/tfjs-core';
import { type AdamWStep, type OwnedAdamW, ownedAdamW, type ProximalPull } from '../ops/adamw/adamw.ts';
import { OwnedValues } from '../ops/owned-values/owned-values.ts';

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
/**
 * AdamW on the packed theta, confined to a mask (PF4): gradient, moments, weight decay and the norm that clipping looks
 * at know owned coordinates only; all others stay as they are to the bit. Decoupled weight decay, bias correction.
 * It owns its tensors until {@link MaskedAdamW.dispose}.
 * Source: Loshchilov & Hutter 2019 (arXiv 1711.05101), algorithm 2.
 */
export class MaskedAdamW {
  readonly #settings: AdamWSettings;
  readonly #start: TuningCheckpoint;
  readonly #mask: Mask;
  readonly #owned: OwnedAdamW;
  /** Packs what has moved, on a GPU; made when it is first read. */
  #packer: OwnedValues | null = null;
  #step: number;

  /** @param state where an earlier run was; kept, for what the mask does not own */
  constructor(state: TuningCheckpoint, mask: Mask, settings: AdamWSettings) {
    this.#settings = settings;
    this.#start = state;
    this.#mask = mask;
    const { theta, firstMoment, secondMoment } = state;
    const tensors = {
      theta: tf.tensor1d(theta),
      firstMoment: tf.tensor1d(firstMoment),
      secondMoment: tf.tensor1d(secondMoment),
    };
    this.#owned = ownedAdamW(tensors, mask);
    this.#step = state.step;
  }

  static start(theta: Float32Array): TuningCheckpoint {
    return {
      step: 0,
      theta,
      firstMoment: new Float32Array(theta.length),
      secondMoment: new Float32Array(theta.length),
    };
  }

  /** The current theta [N], owned by the optimizer; the next step replaces it, or writes into it. */
  get theta(): tf.Tensor1D {
    return this.#owned.tensors.theta;
  }

  get step(): number {
    return this.#step;
  }

  /**
   * One step.
   * @param gradient [N], left as it is
   * @param how.pull is added to the gradient before it is clipped   @param how.rate what the learning rate is multiplied with
   */
  apply(gradient: tf.Tensor1D, how: { readonly pull?: ProximalPull | null; readonly rate?: number } = {}): void {
    const { pull = null, rate = 1 } = how;
    const { weightDecay, beta1, beta2, epsilon, clipNorm } = this.#settings;
    const learningRate = rate * this.#settings.learningRate;
    this.#step++;
    const step: AdamWStep = {
      ...{ beta1, beta2, epsilon, clipNorm },
      stepSize: learningRate / (1 - beta1 ** this.#step),
      spreadScale: 1 / Math.sqrt(1 - beta2 ** this.#step),
      decay: learningRate * weightDecay,
    };
    this.#owned.apply(gradient, step, pull);
  }

  /** No step may be taken while it is read. */
  async state(): Promise<TuningCheckpoint> {
    const { firstMoment, secondMoment } = this.#owned.tensors;
    const [theta, first, second] = await Promise.all([
      this.readTheta(),
      this.#read(firstMoment, this.#start.firstMoment),
      this.#read(secondMoment, this.#start.secondMoment),
    ]);
    return { step: this.#step, theta, firstMoment: first, secondMoment: second };
  }

  /** The same of theta alone. @returns [N] */
  readTheta(): Promise<Float32Array> {
    return this.#read(this.#owned.tensors.theta, this.#start.theta);
  }

  /** What the mask does not own is as it was before: a GPU gives the rest alone, packed. */
  async #read(tensor: tf.Tensor1D, before: Float32Array): Promise<Float32Array> {
    const { kept, size } = this.#mask;
    if (tf.getBackend() !== 'webgpu' || kept === size) return (await tensor.data()) as Float32Array;
    this.#packer ??= new OwnedValues(this.#mask);
    const packed = this.#packer.pack(tensor);
    try {
      return this.#mask.unpack((await packed.data()) as Float32Array, before);
    } finally {
      packed.dispose();
    }
  }

  dispose(): void {
    this.#owned.dispose();
    this.#packer?.dispose();
  }
}
