import type * as tf from '@tensorflow/tfjs-core';
import { WasmRunner } from '../../wasm/runner.ts';
import { FORMATS } from '../packed-matrix/formats.ts';
import type { PackedMatrix } from '../packed-matrix/packed-matrix.ts';
import type { copyColumns } from './copy-columns.ts';

/** Rows of W, decoded, on the processor. @param indices [M] int32   @returns [M, columns]; the caller disposes it */
export function gatherOnWasm(matrix: PackedMatrix, indices: tf.Tensor1D): tf.Tensor2D {
  const runner = WasmRunner.current();
  const { format, columns, stride } = matrix;
  const { words, scaleOffset } = matrix.whole;
  const out = runner.empty<tf.Tensor2D>([indices.size, columns]);
  const at = runner.address(words);
  const of = FORMATS.indexOf(format);
  const [ids, to] = runner.addresses(indices, out);
  runner.programs.gather(of, at, at + 4 * scaleOffset, stride, columns, ids, indices.size, to);
  return out;
}

/** As `copy-columns.ts` has it, on the processor. */
export const copyColumnsOnWasm: typeof copyColumns = (from, to, { rows, width, firstRow }) => {
  const runner = WasmRunner.current();
  from.forEach(({ tensor, column, stride }, i) => {
    const place = runner.address(to[i]) + 4 * firstRow * width;
    runner.programs.copyRows(rows, 4 * width, runner.address(tensor) + 4 * column, 4 * stride, place, 4 * width);
  });
};
