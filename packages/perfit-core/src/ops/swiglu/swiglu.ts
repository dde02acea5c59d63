import * as tf from '@tensorflow/tfjs-core';

/**
 * silu(gate) · up, with silu(g) = g · sigmoid(g).
 * @param gate [M, F]   @param up [M, F]   @returns [M, F]; the caller disposes it
 * Source: Shazeer 2020 (arXiv 2002.05202), eq. 5.
 */
export function swiglu(gate: tf.Tensor2D, up: tf.Tensor2D): tf.Tensor2D {
  const run = tf.customGrad((...inputs) => {
    const [gate, up, save] = inputs as unknown as [tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc];
    const sigmoid = tf.sigmoid(gate);
    const silu = tf.mul(gate, sigmoid);
    save([up, sigmoid, silu]);
    // silu' = sigmoid + silu · (1 - sigmoid)
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [up, sigmoid, silu] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      const slope = tf.add(sigmoid, tf.sub(silu, tf.mul(silu, sigmoid)));
      return [tf.mul(tf.mul(dy, up), slope), tf.mul(dy, silu)];
    };
    return { value: tf.mul(silu, up), gradFunc };
  });
  return run(gate, up) as tf.Tensor2D;
}

/** The same in stock ops with their own gradients: what {@link swiglu} is held against. */
export function composedSwiglu(gate: tf.Tensor2D, up: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(tf.mul(gate, tf.sigmoid(gate)), up);
}
