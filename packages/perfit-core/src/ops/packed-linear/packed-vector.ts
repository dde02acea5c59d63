import type * as tf from '@tensorflow/tfjs-core';
import { unsigned } from '../../wgsl/access.ts';
import { remembered, type StorageBinding, type WgslProgram } from '../../wgsl/program.ts';
import { spread, WgslRunner } from '../../wgsl/runner.ts';
import { paddedWidth } from '../packed-matrix/formats.ts';
import { type PackedMatrix, weightBinding, weightDecoder } from '../packed-matrix/packed-matrix.ts';
import { adapterUniforms, moduleFields, type PackedAdapter } from './packed-linear.ts';

const threads = 64;
/** Outputs a workgroup: a row of weights is read once, x four times as seldom. */
const outputs = 4;

/**
 * y = W x for one x: generation. Every weight is read once and used once, so that what counts is to read them side by
 * side; a tile of the matrix product would be empty but for one row.
 * @param x [1, I]   @param given.low [1, J·R], with an adapter   @returns [1, O]; the caller disposes it
 */
export function vectorProduct(
  x: tf.Tensor2D,
  weight: PackedMatrix,
  given: {
    bias?: tf.Tensor1D | null;
    residual?: tf.Tensor2D | null;
    adapter?: PackedAdapter | null;
    low?: tf.Tensor2D | null;
  } = {},
): tf.Tensor2D {
  const { bias = null, residual = null, adapter = null, low = null } = given;
  const runner = WgslRunner.current();
  const out = runner.empty<tf.Tensor2D>([1, weight.rows]);
  const program = vectorProgram({
    precision: weight.precision,
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
        stride: paddedWidth(weight.columns),
        scale_offset: part.scaleOffset,
        rows: part.rows,
        first_row: part.firstRow,
        ...adapterUniforms(adapter),
      },
      workgroups: spread(Math.ceil(part.rows / outputs)),
    });
  }
  return out;
}

const vectorProgram = remembered(
  (shape: { precision: PackedMatrix['precision']; modules: number; bias: boolean; residual: boolean }): WgslProgram => {
    const { precision, modules, bias, residual } = shape;
    const read = (name: string): StorageBinding => ({ name, element: 'f32', access: 'read' });
    const adapted = Array.from(
      { length: modules },
      (_, j) => `{
      let row = n - u.start_${j}; // wraps around below the module
      if (row < u.width_${j}) {
        for (var r = local; r < u.rank; r += ${threads}u) {
          sum += low[${j}u * u.rank + r] * theta[u.b_${j} + row * u.rank + r];
        }
      }
    }`,
    ).join('\n');
    return {
      name: `vector-${precision}`,
      storage: [
        weightBinding(precision),
        read('x'),
        ...(bias ? [read('bias')] : []),
        ...(residual ? [read('residual')] : []),
        ...(modules ? [read('theta'), read('low')] : []),
        { name: 'out', element: 'f32', access: 'read_write' },
      ],
      uniforms: [...unsigned('width', 'stride', 'scale_offset', 'rows', 'first_row'), ...moduleFields(modules)],
      source: `${weightDecoder(precision)}
    var<workgroup> sums: array<vec4<f32>, ${threads}>;
    fn x4(k: u32) -> vec4<f32> {
      var value = vec4<f32>(0.0);
      for (var i = 0u; i < 4u; i++) { if (k + i < u.width) { value[i] = x[k + i]; } }
      return value;
    }
    fn partial(row: u32, local: u32) -> f32 {
      var sum = 0.0;
      if (row < u.rows) {
        for (var k = 4u * local; k < u.width; k += ${4 * threads}u) { sum += dot(weight4(row, k), x4(k)); }
        ${modules ? `let n = u.first_row + row; ${adapted}` : ''}
      }
      return sum;
    }
    @compute @workgroup_size(${threads}) fn main(
      @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
      @builtin(local_invocation_index) local: u32) {
      let first = (group.x + group.y * groups.x) * ${outputs}u;
      sums[local] = vec4(
        partial(first, local), partial(first + 1u, local), partial(first + 2u, local), partial(first + 3u, local));
      workgroupBarrier();
      for (var step = ${threads / 2}u; step > 0u; step /= 2u) {
        if (local < step) { sums[local] += sums[local + step]; }
        workgroupBarrier();
      }
      if (local < ${outputs}u && first + local < u.rows) {
        let n = u.first_row + first + local;
        out[n] = sums[0][local]${bias ? ' + bias[n]' : ''}${residual ? ' + residual[n]' : ''};
      }
    }`,
    };
  },
);
