import type * as tf from '@tensorflow/tfjs-core';
import { matrixBinding, matrixReader, matrixWriter, unsigned } from '../../wgsl/access.ts';
import { memoize, type StorageBinding, type WgslProgram } from '../../wgsl/program.ts';
import { type RowLanes, rowLanes, workgroupsOfRows } from '../../wgsl/row-lanes.ts';
import { WgslRunner } from '../../wgsl/runner.ts';

/**
 * Root-mean-square normalisation of rows: y = x / sqrt(mean(x²) + eps) · weight.
 * @param given.x [M, D]   @param given.weight [D], frozen
 * @param given.rows [Q] int32: output row q is the normalised row rows[q]; all rows where absent
 * @returns [Q or M, D]; the caller disposes it
 * Source: Zhang & Sennrich 2019 (arXiv 1910.07467), eq. 4.
 */
export function rmsNormForward(given: {
  x: tf.Tensor2D;
  weight: tf.Tensor1D;
  eps: number;
  rows?: tf.Tensor1D;
}): tf.Tensor2D {
  const { x, weight, eps, rows } = given;
  const runner = WgslRunner.current();
  const [height, width] = x.shape;
  const count = rows?.size ?? height;
  const out = runner.empty<tf.Tensor2D>([count, width]);
  runner.run(forwardProgram(runner.choices.rowLanes, width % 4 === 0, rows !== undefined), {
    tensors: [x, weight, ...(rows ? [rows] : []), out],
    uniforms: { height, width, count, eps },
    workgroups: workgroupsOfRows(runner, count),
  });
  return out;
}

/**
 * The gradient of {@link rmsNormForward} to x, plus what comes past the norm.
 * @param given.dy [M, D], or [Q, D] with `inverse`   @param given.residual [M, D] or null
 * @param given.inverse [M] int32: the row of dy that belongs to row m of x; Q or more where there is none
 * @returns [M, D]; the caller disposes it
 */
export function rmsNormBackward(given: {
  x: tf.Tensor2D;
  weight: tf.Tensor1D;
  eps: number;
  dy: tf.Tensor2D;
  residual: tf.Tensor2D | null;
  inverse?: tf.Tensor1D;
}): tf.Tensor2D {
  const { x, weight, eps, dy, residual, inverse } = given;
  const runner = WgslRunner.current();
  const [height, width] = x.shape;
  const dx = runner.empty<tf.Tensor2D>([height, width]);
  const program = backwardProgram(runner.choices.rowLanes, {
    vector: width % 4 === 0,
    residual: residual !== null,
    selected: inverse !== undefined,
  });
  runner.run(program, {
    tensors: [x, weight, dy, ...(residual ? [residual] : []), ...(inverse ? [inverse] : []), dx],
    uniforms: { height, width, count: dy.shape[0], eps },
    workgroups: workgroupsOfRows(runner, height),
  });
  return dx;
}

const uniforms = [...unsigned('height', 'width', 'count'), { name: 'eps', type: 'f32' } as const];

function rowAccess(name: string, rows: string, vector: boolean) {
  return { name, rows, width: 'u.width', stride: 'u.width', vector };
}

const forwardProgram = memoize((lanes: RowLanes, vector: boolean, selected: boolean): WgslProgram => {
  const { enables, declarations, main } = rowLanes(lanes, 'f32');
  const [x, weight, out] = [
    rowAccess('x', 'u.height', vector),
    rowAccess('weight', '1u', vector),
    rowAccess('out', 'u.count', vector),
  ];
  const storage: StorageBinding[] = [matrixBinding(x), matrixBinding(weight)];
  if (selected) storage.push({ name: 'rows', element: 'i32', access: 'read' });
  storage.push(matrixBinding(out, 'read_write'));
  return {
    name: 'rms-norm',
    storage,
    uniforms,
    enables,
    source: `${matrixReader(x)} ${matrixReader(weight)} ${matrixWriter(out)} ${declarations}
    ${main}
      let source_row = ${selected ? 'u32(rows[min(row, u.count - 1u)])' : 'row'};
      var square = 0.0;
      for (var k = 4u * lane; k < u.width; k += 4u * lanes) { let v = x4(source_row, k); square += dot(v, v); }
      let inverse = inverseSqrt(sumOfRow(square, lane) / f32(u.width) + u.eps);
      for (var k = 4u * lane; k < u.width; k += 4u * lanes) {
        set_out4(row, k, x4(source_row, k) * inverse * weight4(0u, k));
      }
    }`,
  };
});

/** dx = inverse · (g − x̂ · mean(g · x̂)), g = dy · weight, x̂ = x · inverse. */
const backwardProgram = memoize(
  (lanes: RowLanes, given: { vector: boolean; residual: boolean; selected: boolean }): WgslProgram => {
    const { enables, declarations, main } = rowLanes(lanes, 'vec2<f32>');
    const { vector, residual, selected } = given;
    const [x, weight, dy, rest, dx] = [
      rowAccess('x', 'u.height', vector),
      rowAccess('weight', '1u', vector),
      rowAccess('dy', 'u.count', vector),
      rowAccess('residual', 'u.height', vector),
      rowAccess('dx', 'u.height', vector),
    ];
    const storage: StorageBinding[] = [matrixBinding(x), matrixBinding(weight), matrixBinding(dy)];
    if (residual) storage.push(matrixBinding(rest));
    if (selected) storage.push({ name: 'inverse_rows', element: 'i32', access: 'read' });
    storage.push(matrixBinding(dx, 'read_write'));
    return {
      name: 'rms-norm-gradient',
      storage,
      uniforms,
      enables,
      source: `${[x, weight, dy].map(matrixReader).join(' ')} ${residual ? matrixReader(rest) : ''} ${matrixWriter(dx)}
    ${declarations}
    ${main}
      let source_row = ${selected ? 'u32(inverse_rows[min(row, u.height - 1u)])' : 'row'};
      var parts = vec2<f32>(0.0);
      for (var k = 4u * lane; k < u.width; k += 4u * lanes) {
        let v = x4(row, k);
        parts += vec2(dot(v, v), dot(v, dy4(source_row, k) * weight4(0u, k)));
      }
      let total = sumOfRow(parts, lane) / f32(u.width);
      let inverse = inverseSqrt(total.x + u.eps);
      let along = total.y * inverse * inverse;
      for (var k = 4u * lane; k < u.width; k += 4u * lanes) {
        let value = inverse * (dy4(source_row, k) * weight4(0u, k) - x4(row, k) * along);
        set_dx4(row, k, value${residual ? ' + residual4(row, k)' : ''});
      }
    }`,
    };
  },
);
