import * as tf from '@tensorflow/tfjs-core';
import { unsigned } from '../../wgsl/access.ts';
import { memoize, type StorageBinding, type WgslProgram } from '../../wgsl/program.ts';
import { type Begin, type RowLanes, rowLanes, workgroupsOfRows } from '../../wgsl/row-lanes.ts';
import { spread, WgslRunner } from '../../wgsl/runner.ts';

/** Cosines and sines of the rotary angles of the first P positions, [P, d/2] each. */
export interface RopeTableOnDevice {
  readonly cos: tf.Tensor2D;
  readonly sin: tf.Tensor2D;
  readonly positions: number;
}

/** @param inverseFrequencies [d/2]   @returns tensors that the caller disposes */
export function ropeTableOnDevice(inverseFrequencies: Float64Array, positions: number): RopeTableOnDevice {
  const half = inverseFrequencies.length;
  const angles = Float64Array.from(
    { length: positions * half },
    (_, i) => Math.floor(i / half) * (inverseFrequencies[i % half] as number),
  );
  const table = (of: (angle: number) => number) => tf.tensor2d(Float32Array.from(angles, of), [positions, half]);
  return { cos: table(Math.cos), sin: table(Math.sin), positions };
}

export interface Turning {
  readonly shape: {
    /** B */
    readonly rows: number;
    /** T */
    readonly length: number;
    readonly heads: number;
    readonly keyHeads: number;
    readonly headWidth: number;
  };
  readonly table: RopeTableOnDevice;
  /** Position of the first token of each row. */
  readonly firstPosition: number;
  /** [d] each: RMSNorm over each query and key head before it is turned (Qwen3), or neither. */
  readonly queryNorm: tf.Tensor1D | null;
  readonly keyNorm: tf.Tensor1D | null;
  readonly eps: number;
}

/**
 * Rotary position embedding of queries and keys, half-split as Hugging Face stores it, after their norms where the model
 * has them: y = x · cos + (−x₂, x₁) · sin.
 * @param given.qkv [M, (H + 2K)·d]   @returns [M, (H + K)·d], queries then keys; the caller disposes it
 * Source: Su et al. 2021 (arXiv 2104.09864), eq. 34.
 */
export function ropeForward(given: Turning & { qkv: tf.Tensor2D }): tf.Tensor2D {
  const { shape, qkv } = given;
  const runner = WgslRunner.current();
  const { heads, keyHeads, headWidth } = shape;
  const rotated = runner.empty<tf.Tensor2D>([qkv.shape[0], (heads + keyHeads) * headWidth]);
  run(given, 'forward', [qkv, rotated]);
  return rotated;
}

/**
 * The gradient of {@link ropeForward}, into the query and key columns of `dQkv`; its value columns keep what they hold.
 * @param given.dRotated [M, (H + K)·d]   @param given.dQkv [M, (H + 2K)·d]
 */
export function ropeBackward(given: Turning & { qkv: tf.Tensor2D; dRotated: tf.Tensor2D; dQkv: tf.Tensor2D }): void {
  run(given, 'backward', [given.qkv, given.dRotated, given.dQkv]);
}

/** Of a workgroup where a head's threads need nothing of each other: as many of them share one as it has pairs. */
const threads = 64;

function run(turning: Turning, direction: 'forward' | 'backward', tensors: tf.Tensor[]): void {
  const { shape, table, firstPosition, queryNorm, keyNorm, eps } = turning;
  const { rows, length, heads, keyHeads, headWidth } = shape;
  if (firstPosition + length > table.positions) {
    throw new RangeError(`the rotary table has ${table.positions} positions, ${firstPosition + length} are needed`);
  }
  const norms = queryNorm && keyNorm ? [queryNorm, keyNorm] : [];
  let lanes = 1;
  while (lanes < Math.min(threads, headWidth / 2)) lanes *= 2;
  const runner = WgslRunner.current();
  const turned = rows * length * (heads + keyHeads);
  const isNormed = norms.length > 0;
  runner.run(program(direction, isNormed ? runner.choices.rowLanes : lanes), {
    tensors: [...tensors.slice(0, -1), table.cos, table.sin, ...norms, ...tensors.slice(-1)],
    uniforms: {
      rows: rows * length,
      length,
      heads,
      key_heads: keyHeads,
      half: headWidth / 2,
      first_position: firstPosition,
      eps,
    },
    workgroups: isNormed ? workgroupsOfRows(runner, turned) : spread(Math.ceil(turned / (threads / lanes))),
  });
}

/** @param sharing who shares a head to norm it; the number of threads a head where there are no norms */
const program = memoize((direction: 'forward' | 'backward', sharing: RowLanes | number): WgslProgram => {
  const normed = typeof sharing !== 'number';
  const { enables, declarations, main } = normed ? rowLanes(sharing, 'f32') : alone(sharing);
  const read = (name: string): StorageBinding => ({ name, element: 'f32', access: 'read' });
  const forward = direction === 'forward';
  const normWeight = `
    fn norm_weight(head: u32, i: u32) -> f32 {
      if (head < u.heads) { return query_norm[i]; }
      return key_norm[i];
    }`;
  const inverse = normed
    ? `var square = 0.0;
       if (present) {
         for (var i = lane; i < u.half; i += lanes) {
           let a = qkv[input_at + i]; let b = qkv[input_at + u.half + i];
           square += a * a + b * b;
         }
       }
       let inverse = inverseSqrt(sumOfRow(square, lane) / f32(2u * u.half) + u.eps);`
    : '';
  const turn = forward
    ? `if (present) {
         for (var i = lane; i < u.half; i += lanes) {
           var a = qkv[input_at + i];
           var b = qkv[input_at + u.half + i];
           ${normed ? 'a *= inverse * norm_weight(head, i); b *= inverse * norm_weight(head, u.half + i);' : ''}
           let c = cos_table[angle + i];
           let s = sin_table[angle + i];
           out[turned_at + i] = a * c - b * s;
           out[turned_at + u.half + i] = b * c + a * s;
         }
       }`
    : `${
        normed
          ? `var along = 0.0;
             if (present) {
               for (var i = lane; i < u.half; i += lanes) {
                 let g = unturned(turned_at, angle, i) * vec2(norm_weight(head, i), norm_weight(head, u.half + i));
                 along += dot(g, vec2(qkv[input_at + i], qkv[input_at + u.half + i]));
               }
             }
             let share = sumOfRow(along, lane) * inverse * inverse / f32(2u * u.half);`
          : ''
      }
       if (present) {
         for (var i = lane; i < u.half; i += lanes) {
           var g = unturned(turned_at, angle, i);
           ${
             normed
               ? `g *= vec2(norm_weight(head, i), norm_weight(head, u.half + i));
                  g = inverse * (g - vec2(qkv[input_at + i], qkv[input_at + u.half + i]) * share);`
               : ''
           }
           out[input_at + i] = g.x;
           out[input_at + u.half + i] = g.y;
         }
       }`;
  return {
    name: forward ? 'rope' : 'rope-gradient',
    storage: [
      // The gradient of a plain rotation does not look at what was turned.
      ...[read('qkv')],
      ...(forward ? [] : [read('d_rotated')]),
      read('cos_table'),
      read('sin_table'),
      ...(normed ? [read('query_norm'), read('key_norm')] : []),
      { name: 'out', element: 'f32', access: 'read_write' },
    ],
    uniforms: [
      ...unsigned('rows', 'length', 'heads', 'key_heads', 'half', 'first_position'),
      { name: 'eps', type: 'f32' },
    ],
    enables,
    source: `
    ${declarations}
    ${normed ? normWeight : ''}
    ${
      forward
        ? ''
        : `fn unturned(turned_at: u32, angle: u32, i: u32) -> vec2<f32> {
             let a = d_rotated[turned_at + i]; let b = d_rotated[turned_at + u.half + i];
             let c = cos_table[angle + i]; let s = sin_table[angle + i];
             return vec2(a * c + b * s, b * c - a * s);
           }`
    }
    ${main}
      ${forward ? '' : '_ = &qkv;'}
      let turned = u.heads + u.key_heads;
      let m = row / turned;
      let head = row % turned;
      let present = m < u.rows;
      let width = 2u * u.half;
      let input_at = (m * (turned + u.key_heads) + head) * width;
      let turned_at = (m * turned + head) * width;
      let angle = (u.first_position + m % u.length) * u.half;
      ${inverse}
      ${turn}
    }`,
  };
});

/** Threads side by side turn a head's pairs, and need nothing of each other. */
function alone(lanes: number): Begin {
  return {
    enables: [],
    declarations: '',
    main: `@compute @workgroup_size(${threads}) fn main(
      @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
      @builtin(local_invocation_index) local: u32) {
      const lanes = ${lanes}u;
      let lane = local % lanes;
      let row = (group.x + group.y * groups.x) * ${threads / lanes}u + local / lanes;`,
  };
}
