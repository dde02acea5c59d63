import type { Mask } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { WasmRunner } from '../../wasm/runner.ts';
import { maskTensor } from '../mask-bits/mask-bits.ts';
import type { AdamWStep, AdamWTensors, OwnedAdamW, ProximalPull } from './adamw.ts';

/** On the processor, in place: one pass for the norm, and one over theta and both moments. */
export class WasmAdamW implements OwnedAdamW {
  readonly tensors: AdamWTensors;
  readonly #mask: tf.Tensor1D;

  constructor(tensors: AdamWTensors, mask: Mask) {
    this.tensors = tensors;
    this.#mask = maskTensor(mask);
  }

  apply(gradient: tf.Tensor1D, step: AdamWStep, pull: ProximalPull | null): void {
    const { theta, firstMoment, secondMoment } = this.tensors;
    const runner = WasmRunner.current();
    runner.programs.adamw(
      theta.size,
      runner.address(gradient),
      runner.address(this.#mask),
      runner.address(theta),
      runner.address(firstMoment),
      runner.address(secondMoment),
      runner.address(pull?.anchor),
      pull?.strength ?? 0,
      step.clipNorm,
      step.beta1,
      step.beta2,
      step.epsilon,
      step.stepSize,
      step.spreadScale,
      step.decay,
    );
  }

  dispose(): void {
    const { theta, firstMoment, secondMoment } = this.tensors;
    tf.dispose([this.#mask, theta, firstMoment, secondMoment]);
  }
}
