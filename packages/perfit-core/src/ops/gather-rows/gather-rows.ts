import * as tf from '@tensorflow/tfjs-core';
import { copyRows } from './copy-rows.ts';

/** Which rows of a matrix are read, and where each of its rows is read from: both directions of one gather. */
export interface RowSelection {
  /** [Q] int32: output row q is input row indices[q]. No input row twice, except through rows that nobody reads on. */
  readonly indices: tf.Tensor1D;
  /** [M] int32: input row m is output row inverse[m]; Q where no output row reads it. */
  readonly inverse: tf.Tensor1D;
}

/**
 * Rows of x. The gradient is a gather as well (from dy with one row of zeros below it), since the WASM backend
 * has no scatter and tfjs' own gradient of gather needs one.
 * @param x [M, D]   @returns [Q, D]; the caller disposes it
 */
export function gatherRows(x: tf.Tensor2D, { indices, inverse }: RowSelection): tf.Tensor2D {
  const run = tf.customGrad((...inputs) => {
    const value = readRows(inputs[0] as tf.Tensor2D, indices);
    const gradFunc = (dy: tf.Tensor) => readRows(withZeroRow(dy as tf.Tensor2D), inverse);
    return { value, gradFunc };
  });
  return run(x) as tf.Tensor2D;
}

/** Rows of x, without a gradient. @param x [M, D]   @param indices [Q] int32   @returns [Q, D]; the caller disposes it */
export function readRows(x: tf.Tensor2D, indices: tf.Tensor1D): tf.Tensor2D {
  return tf.getBackend() === 'wasm' ? copyRows(x, indices) : composedReadRows(x, indices);
}

/** The stock op: on WASM it moves one number at a time. */
export function composedReadRows(x: tf.Tensor2D, indices: tf.Tensor1D): tf.Tensor2D {
  return tf.gather(x, indices);
}

function withZeroRow(x: tf.Tensor2D): tf.Tensor2D {
  const below: [[number, number], [number, number]] = [
    [0, 1],
    [0, 0],
  ];
  return tf.pad(x, below);
}
