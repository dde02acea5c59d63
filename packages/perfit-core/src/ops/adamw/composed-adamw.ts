import type { Mask } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import type { AdamWStep, AdamWTensors, OwnedAdamW, ProximalPull } from './adamw.ts';

/** In stock ops, on any backend: what the fused one is held against. */
export class ComposedAdamW implements OwnedAdamW {
  readonly #mask: tf.Tensor1D;
  #tensors: AdamWTensors;

  constructor(tensors: AdamWTensors, mask: Mask) {
    this.#mask = tf.tensor1d(Float32Array.from({ length: mask.size }, (_, p) => (mask.has(p) ? 1 : 0)));
    this.#tensors = tensors;
  }

  get tensors(): AdamWTensors {
    return this.#tensors;
  }

  apply(gradient: tf.Tensor1D, step: AdamWStep, pull: ProximalPull | null): void {
    const { theta, firstMoment, secondMoment } = this.#tensors;
    const { beta1, beta2, epsilon } = step;
    const next = tf.tidy(() => {
      const slope = pull ? tf.add(gradient, tf.mul(tf.sub(theta, pull.anchor), pull.strength)) : gradient;
      const g = clip(tf.mul(slope, this.#mask), step.clipNorm);
      const m = tf.add(tf.mul(firstMoment, beta1), tf.mul(g, 1 - beta1)) as tf.Tensor1D;
      const v = tf.add(tf.mul(secondMoment, beta2), tf.mul(tf.square(g), 1 - beta2)) as tf.Tensor1D;
      const spread = tf.add(tf.mul(tf.sqrt(v), step.spreadScale), epsilon);
      const decay = tf.mul(tf.mul(theta, this.#mask), step.decay);
      const change = tf.add(tf.mul(tf.div(m, spread), step.stepSize), decay);
      return [tf.sub(theta, change) as tf.Tensor1D, m, v] as const;
    }) as readonly [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
    tf.dispose([theta, firstMoment, secondMoment]);
    this.#tensors = { theta: tf.keep(next[0]), firstMoment: tf.keep(next[1]), secondMoment: tf.keep(next[2]) };
  }

  dispose(): void {
    const { theta, firstMoment, secondMoment } = this.#tensors;
    tf.dispose([this.#mask, theta, firstMoment, secondMoment]);
  }
}

function clip(gradient: tf.Tensor, clipNorm: number): tf.Tensor {
  if (clipNorm === 0) return gradient;
  const norm = tf.sqrt(tf.sum(tf.square(gradient)));
  return tf.mul(gradient, tf.minimum(tf.div(clipNorm, tf.add(norm, 1e-6)), 1));
}
