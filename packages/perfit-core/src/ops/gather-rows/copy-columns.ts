import type * as tf from '@tensorflow/tfjs-core';
import { unsigned } from '../../wgsl/access.ts';
import type { WgslProgram } from '../../wgsl/program.ts';
import { spread, WgslRunner } from '../../wgsl/runner.ts';

/** Columns of a matrix inside a tensor: where the first row begins, and how far apart rows are, in values. */
interface Columns {
  readonly tensor: tf.Tensor;
  readonly column: number;
  readonly stride: number;
}

/**
 * Copies columns of two matrices into rows of two others, [S, width] each, from `firstRow` on: what a new token adds to a
 * cache of keys and values, in one dispatch.
 */
export function copyColumns(
  from: readonly [Columns, Columns],
  to: readonly [tf.Tensor2D, tf.Tensor2D],
  at: { rows: number; width: number; firstRow: number },
): void {
  const { rows, width, firstRow } = at;
  const [first, second] = from;
  WgslRunner.current().run(program, {
    tensors: [first.tensor, second.tensor, ...to],
    uniforms: {
      size: rows * width,
      width,
      offset: firstRow * width,
      first_column: first.column,
      first_stride: first.stride,
      second_column: second.column,
      second_stride: second.stride,
    },
    workgroups: spread(Math.ceil((rows * width) / 64)),
  });
}

const program: WgslProgram = {
  name: 'copy-columns',
  storage: [
    { name: 'first', element: 'f32', access: 'read' },
    { name: 'second', element: 'f32', access: 'read' },
    { name: 'first_out', element: 'f32', access: 'read_write' },
    { name: 'second_out', element: 'f32', access: 'read_write' },
  ],
  uniforms: unsigned('size', 'width', 'offset', 'first_column', 'first_stride', 'second_column', 'second_stride'),
  source: `@compute @workgroup_size(64) fn main(
    @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32) {
    let id = (group.x + group.y * groups.x) * 64u + local;
    if (id >= u.size) { return; }
    let row = id / u.width;
    let column = id % u.width;
    first_out[u.offset + id] = first[row * u.first_stride + u.first_column + column];
    second_out[u.offset + id] = second[row * u.second_stride + u.second_column + column];
  }`,
};
