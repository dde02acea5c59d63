import * as tf from '@tensorflow/tfjs-core';

/**
 * a · b of two matrices, each transposed where asked.
 * tfjs hands a product to XNNPACK only where neither side is transposed (its fallback is ten times slower), so on
 * WASM the transposition is done first, by itself; other backends transpose while they read.
 * @returns [M, N]; the caller disposes it
 */
export function matMul(a: tf.Tensor2D, b: tf.Tensor2D, transposeA = false, transposeB = false): tf.Tensor2D {
  if (tf.getBackend() !== 'wasm' || !(transposeA || transposeB)) return tf.matMul(a, b, transposeA, transposeB);
  return tf.tidy(() => tf.matMul(transposeA ? tf.transpose(a) : a, transposeB ? tf.transpose(b) : b));
}
