import * as tf from '@tensorflow/tfjs-core';

/**
 * Root-mean-square normalisation over the last axis: y = x / sqrt(mean(x²) + eps) · weight, with a gradient for x only.
 * @param x [M, D]   @param weight [D], frozen   @returns [M, D]; the caller disposes it
 * Source: Zhang & Sennrich 2019 (arXiv 1910.07467), eq. 4.
 */
export function rmsNorm(x: tf.Tensor2D, weight: tf.Tensor1D, eps: number): tf.Tensor2D {
  const width = weight.size;
  const run = tf.customGrad((...inputs) => {
    const [x, save] = inputs as unknown as [tf.Tensor2D, tf.GradSaveFunc];
    const meanSquare = tf.mul(tf.sum(tf.square(x), -1, true), 1 / width);
    const inverse = tf.rsqrt(tf.add(meanSquare, eps)); // [M, 1]
    const normal = tf.mul(x, inverse); // [M, D]
    save([normal, inverse]);
    // dx = inverse · (g - normal · mean(g · normal)), g = dy · weight
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [normal, inverse] = saved as [tf.Tensor2D, tf.Tensor2D];
      const g = tf.mul(dy, weight);
      const along = tf.mul(tf.sum(tf.mul(g, normal), -1, true), 1 / width);
      return tf.mul(tf.sub(g, tf.mul(normal, along)), inverse);
    };
    return { value: tf.mul(normal, weight), gradFunc };
  });
  return run(x) as tf.Tensor2D;
}

/** The same in stock ops with their own gradients: what {@link rmsNorm} is held against. */
export function composedRmsNorm(x: tf.Tensor2D, weight: tf.Tensor1D, eps: number): tf.Tensor2D {
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), eps));
  return tf.mul(tf.mul(x, inverse), weight);
}
