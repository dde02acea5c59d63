import type { Mask } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { ComposedAdamW } from './composed-adamw.ts';
import { FusedAdamW } from './fused-adamw.ts';
import { WasmAdamW } from './wasm-adamw.ts';

/** What AdamW moves, each [N]. */
export interface AdamWTensors {
  readonly theta: tf.Tensor1D;
  readonly firstMoment: tf.Tensor1D;
  readonly secondMoment: tf.Tensor1D;
}

/** The numbers of one step. */
export interface AdamWStep {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Learning rate / (1 − β₁ᵗ). */
  readonly stepSize: number;
  /** 1 / √(1 − β₂ᵗ). */
  readonly spreadScale: number;
  /** Learning rate · weight decay. */
  readonly decay: number;
  /** Global norm over owned coordinates; 0 clips nothing. */
  readonly clipNorm: number;
}

/** The gradient of (μ/2)·‖θ − anchor‖², added before the norm is looked at. */
export interface ProximalPull {
  /** [N] */
  readonly anchor: tf.Tensor1D;
  /** μ */
  readonly strength: number;
}

/** AdamW on owned coordinates; all others, whose moments are zero from the start, stay as they are to the bit. It owns its tensors until it is disposed. */
export interface OwnedAdamW {
  /** As the latest step left them: the next one replaces them, or writes into them. */
  readonly tensors: AdamWTensors;
  /** @param gradient [N], left as it is */
  apply(gradient: tf.Tensor1D, step: AdamWStep, pull: ProximalPull | null): void;
  dispose(): void;
}

/** In our programs where there are any for the backend, else in stock ops. @param tensors taken over */
export function ownedAdamW(tensors: AdamWTensors, mask: Mask): OwnedAdamW {
  switch (tf.getBackend()) {
    case 'webgpu':
      return new FusedAdamW(tensors, mask);
    case 'wasm':
      return new WasmAdamW(tensors, mask);
    default:
      return new ComposedAdamW(tensors, mask);
  }
}
