import * as tf from '@tensorflow/tfjs-core';

/**
 * The gradients of the two stock kernels that the forward pass differentiates through; everything else brings its own.
 * tfjs keeps its gradients in a module that Node cannot import from the package.
 */
export function registerStockGradients(): void {
  if (!tf.getGradient(tf.Add)) {
    tf.registerGradient({
      kernelName: tf.Add,
      inputsToSave: [],
      // Only sums of equal shapes occur (the residual stream).
      gradFunc: (dy) => ({ a: () => tf.clone(dy as tf.Tensor), b: () => tf.clone(dy as tf.Tensor) }),
    });
  }
  if (!tf.getGradient(tf.Reshape)) {
    tf.registerGradient({
      kernelName: tf.Reshape,
      inputsToSave: ['x'],
      gradFunc: (dy, saved) => ({ x: () => tf.reshape(dy as tf.Tensor, (saved[0] as tf.Tensor).shape) }),
    });
  }
}
