import * as tf from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../../wasm/wasm-heap.ts';
import { batchMatMul } from '../batch-mat-mul/batch-mat-mul.ts';
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

  private constructor(shape: [outWidth: number, inWidth: number], kept: Kept) {
    [this.outWidth, this.inWidth] = shape;
    this.#natural = kept.natural;
    this.#transposed = kept.transposed;
  }

  /** @param values W, row-major [out, in]; copied to the backend. */
  static from(values: Float32Array, outWidth: number, inWidth: number): FrozenMatrix {
    const shape: [number, number] = [outWidth, inWidth];
    if (tf.getBackend() !== 'wasm')
      return new FrozenMatrix(shape, { natural: tf.tensor2d(values, shape), transposed: null });
    const transposed = emptyOnHeap(inWidth, outWidth);
    writeTransposed(values, transposed, 0);
    return new FrozenMatrix(shape, { natural: null, transposed });
  }

  /**
   * The same from slabs of rows, in order; on WASM they go straight into its heap, so that W is never whole in memory
   * besides. Frees what it made where a slab does not come.
   */
  static async read(slabs: AsyncIterable<Float32Array>, outWidth: number, inWidth: number): Promise<FrozenMatrix> {
    const size = outWidth * inWidth;
    if (tf.getBackend() !== 'wasm') {
      const values = new Float32Array(size);
      let at = 0;
      for await (const slab of slabs) {
        values.set(slab, at);
        at += slab.length;
      }
      return FrozenMatrix.from(values, outWidth, inWidth);
    }
    const transposed = emptyOnHeap(inWidth, outWidth);
    try {
      let firstRow = 0;
      for await (const slab of slabs) {
        writeTransposed(slab, transposed, firstRow);
        firstRow += slab.length / inWidth;
      }
    } catch (error) {
      transposed.dispose();
      throw error;
    }
    return new FrozenMatrix([outWidth, inWidth], { natural: null, transposed });
  }

  /** x Wᵀ: the layer forward. @param x [M, in]   @returns [M, out]; the caller disposes it */
  forward(x: tf.Tensor2D): tf.Tensor2D {
    if (this.#transposed) return product(x, this.#transposed);
    return tf.matMul(x, this.natural, false, true);
  }

  /** y W: the gradient of {@link forward} with respect to x. @param y [M, out]   @returns [M, in]; the caller disposes it */
  backward(y: tf.Tensor2D): tf.Tensor2D {
    return product(y, this.natural);
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

/** From so many rows on, packing a weight is nothing next to the product. */
const ROWS_WORTH_PACKING = 16;

/**
 * x·W. On WASM XNNPACK packs the right side, and tfjs keeps what it packed for as long as the tensor lives: a second copy of
 * every weight, and a third for the gradients. That serves answers, token by token; where there are many rows it is made anew.
 */
function product(x: tf.Tensor2D, weight: tf.Tensor2D): tf.Tensor2D {
  const rows = x.shape[0];
  if (tf.getBackend() !== 'wasm' || rows < ROWS_WORTH_PACKING) return tf.matMul(x, weight);
  const [inner, columns] = weight.shape;
  return tf.tidy(() => {
    const one = batchMatMul(tf.reshape(x, [1, rows, inner]), tf.reshape(weight, [1, inner, columns]));
    return tf.reshape(one, [rows, columns]);
  });
}

interface Kept {
  readonly natural: tf.Tensor2D | null;
  readonly transposed: tf.Tensor2D | null;
}

/** A matrix in the WASM heap whose numbers are whatever lay there. */
function emptyOnHeap(rows: number, columns: number): tf.Tensor2D {
  const info = (tf.backend() as unknown as WasmBackend).makeOutput([rows, columns], 'float32');
  return tf.engine().makeTensorFromTensorInfo(info) as tf.Tensor2D;
}

/** @param slab rows of W from `firstRow` on   @param transposed Wᵀ [in, out] on the WASM heap */
function writeTransposed(slab: Float32Array, transposed: tf.Tensor2D, firstRow: number): void {
  // The view is taken anew for each slab: the heap may have grown, and moved, since the last.
  const heap = (tf.backend() as unknown as WasmBackend).typedArrayFromHeap(transposed) as Float32Array;
  const [inWidth, outWidth] = transposed.shape;
  const rows = slab.length / inWidth;
  for (let column = 0; column < inWidth; column++) {
    const start = column * outWidth + firstRow;
    for (let row = 0; row < rows; row++) heap[start + row] = slab[row * inWidth + column] as number;
  }
}
