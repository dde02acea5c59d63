import type * as tf from '@tensorflow/tfjs-core';
import { unsigned } from '../../wgsl/access.ts';
import { memoize, type StorageBinding, type WgslProgram } from '../../wgsl/program.ts';
import { type RowLanes, rowLanes, workgroupsOfRows } from '../../wgsl/row-lanes.ts';
import { WgslRunner } from '../../wgsl/runner.ts';
import { each } from '../../wgsl/source.ts';
import { type PackedMatrix, weightBinding, weightDecoder } from '../packed-matrix/packed-matrix.ts';
import { adapterUniforms, moduleFields, type PackedAdapter } from './packed-linear.ts';

/** Rows of weights that the same lanes multiply: each is read once, x four times as seldom. */
const outputs = 4;

/** What is added to the product of one row. */
export interface VectorExtras {
  readonly bias?: tf.Tensor1D | null;
  readonly residual?: tf.Tensor2D | null;
  /** With `low` [1, J·R], what its A makes of the row. */
  readonly adapter?: PackedAdapter | null;
  readonly low?: tf.Tensor2D | null;
}

/**
 * y = W x for one x: generation. Every weight is read once and used once, so that what counts is to read them side by
 * side; a tile of the matrix product would be empty but for one row.
 * @param x [1, I]   @returns [1, O]; the caller disposes it
 */
export function vectorProduct(x: tf.Tensor2D, weight: PackedMatrix, given: VectorExtras = {}): tf.Tensor2D {
  const { bias = null, residual = null, adapter = null, low = null } = given;
  const runner = WgslRunner.current();
  const out = runner.empty<tf.Tensor2D>([1, weight.rows]);
  const program = vectorProgram(runner.choices.rowLanes, {
    format: weight.format,
    modules: adapter?.modules.length ?? 0,
    bias: bias !== null,
    residual: residual !== null,
  });
  for (const part of weight.parts) {
    const optional = [bias, residual, ...(adapter ? [adapter.theta, low] : [])];
    runner.run(program, {
      tensors: [part.words, x, ...optional.filter((tensor) => tensor !== null), out],
      uniforms: {
        width: weight.columns,
        stride: weight.stride,
        scale_offset: part.scaleOffset,
        rows: part.rows,
        first_row: part.firstRow,
        ...adapterUniforms(adapter),
      },
      workgroups: workgroupsOfRows(runner, Math.ceil(part.rows / outputs)),
    });
  }
  return out;
}

const vectorProgram = memoize(
  (
    lanes: RowLanes,
    shape: { format: PackedMatrix['format']; modules: number; bias: boolean; residual: boolean },
  ): WgslProgram => {
    const { enables, declarations, main } = rowLanes(lanes, 'vec4<f32>');
    const { format, modules, bias, residual } = shape;
    const read = (name: string): StorageBinding => ({ name, element: 'f32', access: 'read' });
    const adapted = Array.from(
      { length: modules },
      (_, j) => `{
      let row = n - u.start_${j}; // wraps around below the module
      if (row < u.width_${j}) {
        for (var r = lane; r < u.rank; r += lanes) {
          sum += low[${j}u * u.rank + r] * theta[u.b_${j} + row * u.rank + r];
        }
      }
    }`,
    ).join('\n');
    return {
      name: `vector-${format}`,
      storage: [
        weightBinding(format),
        read('x'),
        ...(bias ? [read('bias')] : []),
        ...(residual ? [read('residual')] : []),
        ...(modules ? [read('theta'), read('low')] : []),
        { name: 'out', element: 'f32', access: 'read_write' },
      ],
      uniforms: [...unsigned('width', 'stride', 'scale_offset', 'rows', 'first_row'), ...moduleFields(modules)],
      enables,
      source: `${weightDecoder(format)} ${declarations}
    fn x4(k: u32) -> vec4<f32> {
      var value = vec4<f32>(0.0);
      for (var i = 0u; i < 4u; i++) { if (k + i < u.width) { value[i] = x[k + i]; } }
      return value;
    }
    fn partial(row: u32, lane: u32, lanes: u32) -> f32 {
      var sum = 0.0;
      if (row < u.rows) {
        for (var k = 4u * lane; k < u.width; k += 4u * lanes) { sum += dot(weight4(row, k), x4(k)); }
        ${modules ? `let n = u.first_row + row; ${adapted}` : ''}
      }
      return sum;
    }
    ${main}
      let first = row * ${outputs}u;
      let found = vec4(${each(outputs, (i) => `partial(first + ${i}u, lane, lanes)`, ', ')});
      let all = sumOfRow(found, lane);
      for (var i = lane; i < ${outputs}u; i += lanes) {
        if (first + i >= u.rows) { break; }
        let n = u.first_row + first + i;
        out[n] = all[i]${bias ? ' + bias[n]' : ''}${residual ? ' + residual[n]' : ''};
      }
    }`,
    };
  },
);
