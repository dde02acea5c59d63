import * as tf from '@tensorflow/tfjs-core';
import { readRows } from '../gather-rows/gather-rows.ts';

/**
 * A weight that never trains, W [out, in], held in the orientations in which the backend multiplies fast.
 * On WASM that is Wᵀ for the forward pass (and W for gradients and rows, made when first asked for); elsewhere W alone.
 * It owns its tensors until {@link FrozenMatrix.dispose}.
 */
export class FrozenMatrix {
  readonly outWidth: number;
  readonly inWidth: number;
  #natural: tf.Tensor2D | null;
  #transposed: tf.Tensor2D | null;

  /** @param values W, row-major [out, in]; copied to the backend. */
  constructor(values: Float32Array, outWidth: number, inWidth: number) {
    this.outWidth = outWidth;
    this.inWidth = inWidth;
    if (tf.getBackend() === 'wasm') {
      this.#natural = null;
      this.#transposed = tf.tensor2d(transpose(values, outWidth, inWidth), [inWidth, outWidth]);
    } else {
      this.#natural = tf.tensor2d(values, [outWidth, inWidth]);
      this.#transposed = null;
    }
  }

  /** x Wᵀ: the layer forward. @param x [M, in]   @returns [M, out]; the caller disposes it */
  forward(x: tf.Tensor2D): tf.Tensor2D {
    if (this.#transposed) return tf.matMul(x, this.#transposed);
    return tf.matMul(x, this.natural, false, true);
  }

  /** y W: the gradient of {@link forward} with respect to x. @param y [M, out]   @returns [M, in]; the caller disposes it */
  backward(y: tf.Tensor2D): tf.Tensor2D {
    return tf.matMul(y, this.natural);
  }

  /** Rows of W. @param indices [M] int32   @returns [M, in]; the caller disposes it */
  rows(indices: tf.Tensor1D): tf.Tensor2D {
    return readRows(this.natural, indices);
  }

  /** W itself, owned by this object. */
  get natural(): tf.Tensor2D {
    if (!this.#natural) {
      const transposed = this.#transposed as tf.Tensor2D;
      this.#natural = tf.keep(tf.tidy(() => tf.transpose(transposed)));
    }
    return this.#natural;
  }

  dispose(): void {
    this.#natural?.dispose();
    this.#transposed?.dispose();
  }
}

function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const transposed = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      transposed[column * rows + row] = values[row * columns + column] as number;
    }
  }
  return transposed;
}
