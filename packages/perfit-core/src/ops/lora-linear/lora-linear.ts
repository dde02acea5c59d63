import * as tf from '@tensorflow/tfjs-core';
import type { FrozenMatrix } from '../frozen-matrix/frozen-matrix.ts';
import { matMul } from '../mat-mul/mat-mul.ts';

/** The two LoRA matrices of one projection: A [R, in], B [out, R]. */
export interface LoraPair {
  readonly a: tf.Tensor2D;
  readonly b: tf.Tensor2D;
}

/** A frozen linear layer: W [out, in] and, where the model has one, a bias [out]. */
export interface FrozenLinear {
  readonly weight: FrozenMatrix;
  readonly bias: tf.Tensor1D | null;
}

export interface LoraOptions {
  /** α/R */
  readonly scale: number;
  /** Nothing behind x trains: dx is not computed. */
  readonly frozenInput?: boolean;
}

/**
 * y = xWᵀ + bias + scale · (xAᵀ)Bᵀ, with gradients for x, A and B and none for W and bias.
 * @param x [M, in]   @returns [M, out]; the caller disposes it
 * Source: Hu et al. 2021 (arXiv 2106.09685), eq. 3; PF1.
 */
export function loraLinear(x: tf.Tensor2D, linear: FrozenLinear, lora: LoraPair, options: LoraOptions): tf.Tensor2D {
  const { scale, frozenInput = false } = options;
  const forward = (a: tf.Tensor2D, b: tf.Tensor2D, save: tf.GradSaveFunc) => {
    const low = tf.mul(matMul(x, a, false, true), scale) as tf.Tensor2D; // [M, R]
    save([x, a, b, low]);
    return tf.add(frozenLinear(x, linear), matMul(low, b, false, true)) as tf.Tensor2D; // [M, out]
  };
  if (frozenInput) {
    const run = tf.customGrad((...inputs) => {
      const [a, b, save] = inputs as unknown as [tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc];
      const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) =>
        adapterGradient(dy as tf.Tensor2D, saved as tf.Tensor2D[], scale).matrices;
      return { value: forward(a, b, save), gradFunc };
    });
    return run(lora.a, lora.b) as tf.Tensor2D;
  }
  const run = tf.customGrad((...inputs) => {
    const [, a, b, save] = inputs as unknown as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc];
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const { matrices, dLow } = adapterGradient(dy as tf.Tensor2D, saved as tf.Tensor2D[], scale);
      const dx = tf.add(linear.weight.backward(dy as tf.Tensor2D), matMul(dLow, saved[1] as tf.Tensor2D));
      return [dx, ...matrices];
    };
    return { value: forward(a, b, save), gradFunc };
  });
  return run(x, lora.a, lora.b) as tf.Tensor2D;
}

/** dA, dB, and the gradient dLow [M, R] of xAᵀ; saved is [x, A, B, scale · xAᵀ]. */
function adapterGradient(dy: tf.Tensor2D, saved: tf.Tensor2D[], scale: number) {
  const [x, , b, low] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  const dLow = tf.mul(matMul(dy, b), scale) as tf.Tensor2D; // [M, R]
  // Both products put the narrow matrix on the right: XNNPACK packs that side.
  const da = tf.transpose(matMul(x, dLow, true, false)); // [in, R] -> [R, in]
  const db = matMul(dy, low, true, false); // [out, R]
  return { matrices: [da, db], dLow };
}

/** y = xWᵀ + bias, with a gradient for x only. @param x [M, in]   @returns [M, out]; the caller disposes it */
export function plainLinear(x: tf.Tensor2D, linear: FrozenLinear): tf.Tensor2D {
  const run = tf.customGrad((...inputs) => {
    const value = frozenLinear(inputs[0] as tf.Tensor2D, linear);
    return { value, gradFunc: (dy: tf.Tensor) => linear.weight.backward(dy as tf.Tensor2D) };
  });
  return run(x) as tf.Tensor2D;
}

function frozenLinear(x: tf.Tensor2D, { weight, bias }: FrozenLinear): tf.Tensor2D {
  const y = weight.forward(x);
  return bias ? tf.add(y, bias) : y;
}

/** The same in stock ops with their own gradients: what {@link loraLinear} is held against. */
export function composedLoraLinear(x: tf.Tensor2D, linear: FrozenLinear, lora: LoraPair, scale: number): tf.Tensor2D {
  const base = tf.matMul(x, linear.weight.natural, false, true);
  const low = tf.matMul(x, lora.a, false, true);
  const y = tf.add(base, tf.mul(tf.matMul(low, lora.b, false, true), scale)) as tf.Tensor2D;
  return linear.bias ? tf.add(y, linear.bias) : y;
}
