import * as tf from '@tensorflow/tfjs-core';
import { runOnXnnpack } from './xnnpack.ts';

/**
 * a[p] · b[p] for every p, each side transposed where asked. It has no gradient: ops that use it bring their own.
 * @param a [P, M, C] or, transposed, [P, C, M]   @param b [P, C, N] or, transposed, [P, N, C]
 * @returns [P, M, N]; the caller disposes it
 */
export function batchMatMul(a: tf.Tensor3D, b: tf.Tensor3D, transposeA = false, transposeB = false): tf.Tensor3D {
  if (tf.getBackend() !== 'wasm') return composedBatchMatMul(a, b, transposeA, transposeB);
  return tf.tidy(() =>
    runOnXnnpack(transposeA ? tf.transpose(a, [0, 2, 1]) : a, transposeB ? tf.transpose(b, [0, 2, 1]) : b),
  );
}

/** The stock op: fast on WebGPU, a scalar triple loop on WASM. */
export function composedBatchMatMul(
  a: tf.Tensor3D,
  b: tf.Tensor3D,
  transposeA: boolean,
  transposeB: boolean,
): tf.Tensor3D {
  return tf.matMul(a, b, transposeA, transposeB);
}
