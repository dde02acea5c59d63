import * as tf from '@tensorflow/tfjs-core';

/**
 * Cosines and sines of the rotary angles for a run of positions, and the signed permutation
 * that takes x to (-x₂, x₁), so that the rotation is two products, a sum and one small matrix product.
 */
export interface RopeTable {
  /** [T, 1, d] */
  readonly cos: tf.Tensor3D;
  /** [T, 1, d] */
  readonly sin: tf.Tensor3D;
  /** [d, d] */
  readonly quarterTurn: tf.Tensor2D;
}

/**
 * @param inverseFrequencies [d/2]   @param start position of the first row
 * @returns tables for positions start … start + length - 1; the caller disposes the three tensors
 */
export function ropeTable(inverseFrequencies: Float64Array, start: number, length: number): RopeTable {
  const half = inverseFrequencies.length;
  const width = 2 * half;
  const cos = new Float32Array(length * width);
  const sin = new Float32Array(length * width);
  for (let t = 0; t < length; t++) {
    for (let i = 0; i < width; i++) {
      const angle = (start + t) * (inverseFrequencies[i % half] as number);
      cos[t * width + i] = Math.cos(angle);
      sin[t * width + i] = Math.sin(angle);
    }
  }
  const turn = new Float32Array(width * width); // (x · turn)[j] = -x[j + half] for j < half, else x[j - half]
  for (let j = 0; j < half; j++) {
    turn[(j + half) * width + j] = -1;
    turn[j * width + j + half] = 1;
  }
  return {
    cos: tf.tensor3d(cos, [length, 1, width]),
    sin: tf.tensor3d(sin, [length, 1, width]),
    quarterTurn: tf.tensor2d(turn, [width, width]),
  };
}

/**
 * Rotary position embedding, half-split as Hugging Face stores it: y = x · cos + (-x₂, x₁) · sin.
 * @param x [B, T, H, d]   @returns [B, T, H, d]; the caller disposes it
 * Source: Su et al. 2021 (arXiv 2104.09864), eq. 34.
 */
export function rope(x: tf.Tensor4D, table: RopeTable): tf.Tensor4D {
  const { cos, sin, quarterTurn } = table;
  const turned = (x: tf.Tensor4D) => {
    const [rows, heads, length, width] = x.shape;
    return tf.reshape(tf.matMul(tf.reshape(x, [rows * heads * length, width]), quarterTurn), x.shape);
  };
  const run = tf.customGrad((...inputs) => {
    const x = inputs[0] as tf.Tensor4D;
    const value = tf.add(tf.mul(x, cos), tf.mul(turned(x), sin));
    // The permutation is antisymmetric: its transpose is its negative.
    const gradFunc = (dy: tf.Tensor) => tf.sub(tf.mul(dy, cos), turned(tf.mul(dy, sin) as tf.Tensor4D));
    return { value, gradFunc };
  });
  return run(x) as tf.Tensor4D;
}

/** The same in stock ops with their own gradients: what {@link rope} is held against. */
export function composedRope(x: tf.Tensor4D, { cos, sin }: RopeTable): tf.Tensor4D {
  const [first, second] = tf.split(x, 2, -1) as [tf.Tensor4D, tf.Tensor4D];
  return tf.add(tf.mul(x, cos), tf.mul(tf.concat([tf.neg(second), first], -1), sin));
}
