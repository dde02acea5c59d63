import type { Mask } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { WgslRunner } from '../../wgsl/runner.ts';
import { striding } from '../../wgsl/workgroups.ts';
import { maskTensor } from '../mask-bits/mask-bits.ts';
import { widthOf } from '../mask-bits/masked-vectors.ts';
import type { AdamWStep, AdamWTensors, OwnedAdamW, ProximalPull } from './adamw.ts';
import { maxPartials, normProgram, updateProgram } from './programs.ts';

/**
 * In two dispatches: the squared norm of the owned gradient as partial sums, then one pass that clips and writes both
 * moments and theta in place. In stock ops the same is some twenty passes over [N].
 */
export class FusedAdamW implements OwnedAdamW {
  readonly tensors: AdamWTensors;
  readonly #runner = WgslRunner.current();
  readonly #mask: tf.Tensor1D;
  readonly #partials: tf.Tensor1D;

  constructor(tensors: AdamWTensors, mask: Mask) {
    this.tensors = tensors;
    this.#mask = maskTensor(mask);
    this.#partials = this.#runner.empty([maxPartials]);
  }

  apply(gradient: tf.Tensor1D, step: AdamWStep, pull: ProximalPull | null): void {
    const { theta, firstMoment, secondMoment } = this.tensors;
    const variant = { width: widthOf(theta.size), hasPull: pull !== null };
    const count = theta.size / variant.width;
    const partials = striding(this.#runner, count, maxPartials);
    const strength: Record<string, number> = pull ? { pull: pull.strength } : {};
    if (step.clipNorm > 0) {
      this.#runner.run(normProgram(variant), {
        tensors: [gradient, this.#mask, this.#partials, ...(pull ? [theta, pull.anchor] : [])],
        uniforms: { count, ...strength },
        workgroups: partials,
      });
    }
    const { beta1, beta2 } = step;
    this.#runner.run(updateProgram(variant), {
      tensors: [
        ...[gradient, this.#mask, this.#partials, theta, firstMoment, secondMoment],
        ...(pull ? [pull.anchor] : []),
      ],
      uniforms: { count, partialCount: partials[0], ...step, rest1: 1 - beta1, rest2: 1 - beta2, ...strength },
      workgroups: striding(this.#runner, count),
    });
  }

  dispose(): void {
    const { theta, firstMoment, secondMoment } = this.tensors;
    tf.dispose([this.#mask, this.#partials, theta, firstMoment, secondMoment]);
  }
}
