import * as tf from '@tensorflow/tfjs-core';
import { matrixBinding, matrixReader, matrixWriter, unsigned } from '../../wgsl/access.ts';
import { memoize, type WgslProgram } from '../../wgsl/program.ts';
import { spread, WgslRunner } from '../../wgsl/runner.ts';
import { each } from '../../wgsl/source.ts';
import { type TileShape, tiledProduct } from '../../wgsl/tiled-product.ts';
import { type PackedMatrix, weightBinding, weightDecoder } from '../packed-matrix/packed-matrix.ts';
import type { RowOutcomes, RowTargets } from './head-cross-entropy.ts';

// Q rows, D width, V vocabulary, C words of a chunk.

/** Gradients of logits that may exist at once, [Q, C]: 16 M numbers are 64 MB. */
export const MAX_DLOGITS_AT_ONCE = 1 << 24;

export interface PackedHeadOptions {
  readonly maxDLogits?: number;
  readonly tile?: TileShape;
}

/**
 * The weighted loss of rows under the head, Σ weight · (log Σ exp(h Wᵀ) − (h Wᵀ)[label]), and its gradient to h.
 * Logits live in registers: the first pass leaves a maximum and a sum a row and tile, the second computes them again for
 * one chunk of the vocabulary at a time, as dLogits. Where all of them are few enough, the first pass leaves them too.
 * @param hidden h [Q, D]   @param head W [V, D]   @returns a scalar and [Q, D]; the caller disposes both
 */
export function packedHeadGradient(
  hidden: tf.Tensor2D,
  head: PackedMatrix,
  targets: RowTargets,
  options: PackedHeadOptions = {},
): { loss: tf.Scalar; dHidden: tf.Tensor2D } {
  const runner = WgslRunner.current();
  const { maxDLogits = MAX_DLOGITS_AT_ONCE, tile = runner.choices.wide } = options;
  const [rows, width] = hidden.shape;
  const isSmall = head.parts.length === 1 && rows * head.rows <= maxDLogits;
  const logits = isSmall ? runner.empty<tf.Tensor2D>([rows, head.rows]) : null;
  const { terms, logSumExp } = rowLosses({ hidden, head, targets, logits, hits: null }, tile);
  const loss = sumOf(terms);
  terms.dispose();
  const dHidden = runner.empty<tf.Tensor2D>([rows, width]);
  const chunk = dLogitsPerRow(rows, maxDLogits);
  let isFirst = true;
  for (const part of head.parts) {
    for (let first = 0; first < part.rows; first += chunk) {
      const count = Math.min(chunk, part.rows - first);
      const dLogits = logits ?? runner.empty<tf.Tensor2D>([rows, count]);
      const uniforms = {
        rows,
        width,
        count,
        first,
        first_label: part.firstRow + first,
        stride: head.stride,
        scale_offset: part.scaleOffset,
      };
      const shape = { format: head.format, vectorWidth: width % 4 === 0, vectorCount: count % 4 === 0, tile };
      if (logits) {
        runner.run(softmaxProgram(count % 4 === 0), {
          tensors: [targets.labels, targets.weights, logSumExp, logits],
          uniforms: { rows, count },
          workgroups: spread(Math.ceil((rows * Math.ceil(count / 4)) / 64)),
        });
      } else {
        runner.run(dLogitsProgram(shape), {
          tensors: [part.words, hidden, targets.labels, targets.weights, logSumExp, dLogits],
          uniforms,
          workgroups: [Math.ceil(count / tile.tileN), Math.ceil(rows / tile.tileM)],
        });
      }
      runner.run(gradientProgram({ ...shape, add: !isFirst }), {
        tensors: [part.words, dLogits, dHidden],
        uniforms,
        workgroups: [Math.ceil(width / tile.tileN), Math.ceil(rows / tile.tileM)],
      });
      dLogits.dispose();
      isFirst = false;
    }
  }
  logSumExp.dispose();
  return { loss, dHidden };
}

/** C, the words of a chunk for so many rows: a multiple of four. */
export function dLogitsPerRow(rows: number, maxDLogits = MAX_DLOGITS_AT_ONCE): number {
  return Math.max(4, 4 * Math.floor(maxDLogits / rows / 4));
}

/** The loss alone: what evaluation needs. @returns a scalar; the caller disposes it */
export function packedHeadLoss(
  hidden: tf.Tensor2D,
  head: PackedMatrix,
  targets: RowTargets,
  { tile = WgslRunner.current().choices.wide }: PackedHeadOptions = {},
): tf.Scalar {
  const { terms, logSumExp } = rowLosses({ hidden, head, targets, logits: null, hits: null }, tile);
  const loss = sumOf(terms);
  tf.dispose([terms, logSumExp]);
  return loss;
}

/** The weighted loss of each row by itself, and whether its label is the likeliest word. @returns tensors that the caller disposes */
export function packedHeadRowOutcomes(
  hidden: tf.Tensor2D,
  head: PackedMatrix,
  targets: RowTargets,
  { tile = WgslRunner.current().choices.wide }: PackedHeadOptions = {},
): RowOutcomes {
  const hits = WgslRunner.current().empty<tf.Tensor1D>([hidden.shape[0]]);
  const { terms, logSumExp } = rowLosses({ hidden, head, targets, logits: null, hits }, tile);
  logSumExp.dispose();
  return { losses: terms, hits };
}

/** Logits of all words. @param hidden [Q, D]   @returns [Q, V]; the caller disposes it */
export function packedLogits(hidden: tf.Tensor2D, head: PackedMatrix, given?: TileShape): tf.Tensor2D {
  const runner = WgslRunner.current();
  const tile = given ?? runner.choices.wide;
  const [rows, width] = hidden.shape;
  const out = runner.empty<tf.Tensor2D>([rows, head.rows]);
  for (const part of head.parts) {
    runner.run(logitsProgram({ format: head.format, vectorWidth: width % 4 === 0, tile }), {
      tensors: [part.words, hidden, out],
      uniforms: {
        rows,
        width,
        count: part.rows,
        first: 0,
        first_label: part.firstRow,
        stride: head.stride,
        scale_offset: part.scaleOffset,
        words: head.rows,
      },
      workgroups: [Math.ceil(part.rows / tile.tileN), Math.ceil(rows / tile.tileM)],
    });
  }
  return out;
}

/** @param of.logits [Q, V], written where it is given, as is `hits`, [Q] */
function rowLosses(
  of: {
    hidden: tf.Tensor2D;
    head: PackedMatrix;
    targets: RowTargets;
    logits: tf.Tensor2D | null;
    hits: tf.Tensor1D | null;
  },
  tile: TileShape,
) {
  const { hidden, head, targets, logits, hits } = of;
  const runner = WgslRunner.current();
  const [rows, width] = hidden.shape;
  const tilesOf = head.parts.map((part) => Math.ceil(part.rows / tile.tileN));
  const tiles = tilesOf.reduce((sum, count) => sum + count, 0);
  const partials = runner.empty<tf.Tensor3D>([rows, tiles, 2]);
  const labelLogits = runner.empty<tf.Tensor1D>([rows]);
  let firstTile = 0;
  head.parts.forEach((part, i) => {
    const columns = tilesOf[i] as number;
    const shape = { format: head.format, vectorWidth: width % 4 === 0, tile };
    const keep = logits && { vectorCount: part.rows % 4 === 0 };
    runner.run(statisticsProgram(shape, keep), {
      tensors: [part.words, hidden, targets.labels, partials, labelLogits, ...(logits ? [logits] : [])],
      uniforms: {
        rows,
        width,
        count: part.rows,
        first: 0,
        first_label: part.firstRow,
        stride: head.stride,
        scale_offset: part.scaleOffset,
        tiles,
        first_tile: firstTile,
      },
      workgroups: [columns, Math.ceil(rows / tile.tileM)],
    });
    firstTile += columns;
  });
  const logSumExp = runner.empty<tf.Tensor1D>([rows]);
  const terms = runner.empty<tf.Tensor1D>([rows]);
  runner.run(combineProgram(hits !== null), {
    tensors: [partials, labelLogits, targets.weights, logSumExp, terms, ...(hits ? [hits] : [])],
    uniforms: { tiles },
    workgroups: [rows],
  });
  tf.dispose([partials, labelLogits]);
  return { terms, logSumExp };
}

/** @param terms [Q], left as they are */
function sumOf(terms: tf.Tensor1D): tf.Scalar {
  const runner = WgslRunner.current();
  const sum = runner.empty<tf.Scalar>([]);
  runner.run(sumProgram, { tensors: [terms, sum], uniforms: { count: terms.size }, workgroups: [1] });
  return sum;
}

interface HeadProgram {
  readonly format: PackedMatrix['format'];
  readonly vectorWidth: boolean;
  readonly tile: TileShape;
}

const headUniforms = unsigned('rows', 'width', 'count', 'first', 'first_label', 'stride', 'scale_offset');

/** h [Q, D] times rows first…first+count of a part of W. */
function logitsPhase({ format, vectorWidth }: HeadProgram) {
  const hidden = { name: 'hidden', rows: 'u.rows', width: 'u.width', stride: 'u.width', vector: vectorWidth };
  return {
    storage: [weightBinding(format), matrixBinding(hidden)],
    declarations: `${weightDecoder(format)} ${matrixReader(hidden)}
      fn word4(n: u32, k: u32) -> vec4<f32> {
        if (n >= u.count) { return vec4<f32>(0.0); }
        return weight4(u.first + n, k);
      }`,
    phases: [{ extent: 'u.width', a: 'hidden4(m, k)', aOrder: 'alongK', b: 'word4(n, k)', bOrder: 'alongK' } as const],
  };
}

const logitsProgram = memoize((shape: HeadProgram): WgslProgram => {
  const { storage, declarations, phases } = logitsPhase(shape);
  return {
    name: `head-logits-${shape.format}`,
    storage: [...storage, { name: 'out', element: 'f32', access: 'read_write' }],
    uniforms: [...headUniforms, ...unsigned('words')],
    source: tiledProduct({
      tile: shape.tile,
      declarations,
      phases,
      store: `for (var i = 0u; i < 4u; i++) {
        if (m < u.rows && n + i < u.count) { out[m * u.words + u.first_label + n + i] = value[i]; }
      }`,
    }),
  };
});

/** The greatest logit of a tile's columns and Σ exp(logit − it), a row; and the logit of the row's label. */
const statisticsProgram = memoize((shape: HeadProgram, keep: { vectorCount: boolean } | null): WgslProgram => {
  const { tile } = shape;
  const { storage, declarations, phases } = logitsPhase(shape);
  const kept = dLogitsAccess(keep?.vectorCount ?? false);
  const threadsAcross = tile.tileN / tile.threadN;
  const columns = tile.threadN / 4;
  const perRow = (i: number) => `{
    let row = 4u * thread_m + ${i}u;
    var most = -1e30;
    ${each(columns, (j) => `most = max(most, most_of(c_${i}_${j}, n0 + 4u * (thread_n + ${j}u)));`)}
    var total = 0.0;
    ${each(columns, (j) => `total += sum_of(c_${i}_${j}, n0 + 4u * (thread_n + ${j}u), most);`)}
    if (m0 + row < u.rows) {
      let label = u32(labels[m0 + row]) - u.first_label; // wraps around below the part
      ${each(columns, (j) => `{ let n = n0 + 4u * (thread_n + ${j}u); if (label < u.count && label - n < 4u) { label_logits[m0 + row] = c_${i}_${j}[label - n]; } }`)}
    }
    row_most[row * ${threadsAcross}u + local % ${threadsAcross}u] = most;
    row_total[row * ${threadsAcross}u + local % ${threadsAcross}u] = total;
  }`;
  return {
    name: `head-statistics-${shape.format}`,
    storage: [
      ...storage,
      { name: 'labels', element: 'i32', access: 'read' },
      { name: 'partials', element: 'vec2<f32>', access: 'read_write' },
      { name: 'label_logits', element: 'f32', access: 'read_write' },
      ...(keep ? [matrixBinding(kept, 'read_write')] : []),
    ],
    uniforms: [...headUniforms, ...unsigned('tiles', 'first_tile')],
    source: tiledProduct({
      tile,
      phases,
      declarations: `${declarations} ${keep ? matrixWriter(kept) : ''}
      var<workgroup> row_most: array<f32, ${tile.tileM * threadsAcross}>;
      var<workgroup> row_total: array<f32, ${tile.tileM * threadsAcross}>;
      fn most_of(value: vec4<f32>, n: u32) -> f32 {
        var most = -1e30;
        for (var i = 0u; i < 4u; i++) { if (n + i < u.count) { most = max(most, value[i]); } }
        return most;
      }
      fn sum_of(value: vec4<f32>, n: u32, most: f32) -> f32 {
        var total = 0.0;
        for (var i = 0u; i < 4u; i++) { if (n + i < u.count) { total += exp(value[i] - most); } }
        return total;
      }`,
      store: keep ? 'set_dLogits4(m, n, value);' : '',
      epilogue: `${each(tile.threadM, perRow)}
      workgroupBarrier();
      for (var row = local; row < ${tile.tileM}u; row += ${(tile.tileM / tile.threadM) * threadsAcross}u) {
        var most = -1e30;
        for (var i = 0u; i < ${threadsAcross}u; i++) { most = max(most, row_most[row * ${threadsAcross}u + i]); }
        var total = 0.0;
        for (var i = 0u; i < ${threadsAcross}u; i++) {
          total += row_total[row * ${threadsAcross}u + i] * exp(row_most[row * ${threadsAcross}u + i] - most);
        }
        if (m0 + row < u.rows) { partials[(m0 + row) * u.tiles + u.first_tile + group.x] = vec2(most, total); }
      }`,
    }),
  };
});

/** One workgroup a row: log Σ exp over all tiles, the row's share of the loss, and whether its label has the greatest logit. */
const combineProgram = memoize(
  (withHits: boolean): WgslProgram => ({
    name: 'head-combine',
    storage: [
      { name: 'partials', element: 'vec2<f32>', access: 'read' },
      { name: 'label_logits', element: 'f32', access: 'read' },
      { name: 'weights', element: 'f32', access: 'read' },
      { name: 'log_sum_exp', element: 'f32', access: 'read_write' },
      { name: 'terms', element: 'f32', access: 'read_write' },
      ...(withHits ? [{ name: 'hits', element: 'f32', access: 'read_write' } as const] : []),
    ],
    uniforms: unsigned('tiles'),
    source: `
  var<workgroup> shared_pairs: array<vec2<f32>, 64>;
  fn joined(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
    let most = max(a.x, b.x);
    return vec2(most, a.y * exp(a.x - most) + b.y * exp(b.x - most));
  }
  @compute @workgroup_size(64) fn main(
    @builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    var pair = vec2(-1e30, 0.0);
    for (var i = local; i < u.tiles; i += 64u) { pair = joined(pair, partials[group.x * u.tiles + i]); }
    shared_pairs[local] = pair;
    workgroupBarrier();
    for (var half = 32u; half > 0u; half /= 2u) {
      if (local < half) { shared_pairs[local] = joined(shared_pairs[local], shared_pairs[local + half]); }
      workgroupBarrier();
    }
    if (local == 0u) {
      let all = shared_pairs[0].x + log(shared_pairs[0].y);
      let weight = weights[group.x];
      log_sum_exp[group.x] = all;
      terms[group.x] = select(0.0, weight * (all - label_logits[group.x]), weight != 0.0);
      ${withHits ? 'hits[group.x] = select(0.0, 1.0, label_logits[group.x] >= shared_pairs[0].x);' : ''}
    }
  }`,
  }),
);

const sumProgram: WgslProgram = {
  name: 'sum',
  storage: [
    { name: 'terms', element: 'f32', access: 'read' },
    { name: 'total', element: 'f32', access: 'read_write' },
  ],
  uniforms: unsigned('count'),
  source: `
  var<workgroup> sums: array<f32, 256>;
  @compute @workgroup_size(256) fn main(@builtin(local_invocation_index) local: u32) {
    var sum = 0.0;
    for (var i = local; i < u.count; i += 256u) { sum += terms[i]; }
    sums[local] = sum;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
      if (local < half) { sums[local] += sums[local + half]; }
      workgroupBarrier();
    }
    if (local == 0u) { total[0] = sums[0]; }
  }`,
};

/** weight · (softmax(logits) − one-hot(label)) of a chunk. */
const dLogitsProgram = memoize((shape: HeadProgram & { vectorCount: boolean }): WgslProgram => {
  const { storage, declarations, phases } = logitsPhase(shape);
  const dLogits = dLogitsAccess(shape.vectorCount);
  return {
    name: `head-gradient-${shape.format}`,
    storage: [
      ...storage,
      { name: 'labels', element: 'i32', access: 'read' },
      { name: 'row_weights', element: 'f32', access: 'read' },
      { name: 'log_sum_exp', element: 'f32', access: 'read' },
      matrixBinding(dLogits, 'read_write'),
    ],
    uniforms: headUniforms,
    source: tiledProduct({
      tile: shape.tile,
      phases,
      declarations: declarations + matrixWriter(dLogits),
      store: `if (m < u.rows) {
        let label = u32(labels[m]) - u.first_label;
        let columns = vec4(n, n + 1u, n + 2u, n + 3u);
        let hit = select(vec4<f32>(0.0), vec4<f32>(1.0), columns == vec4(label));
        set_dLogits4(m, n, row_weights[m] * (exp(value - log_sum_exp[m]) - hit));
      }`,
    }),
  };
});

/** The same in place, from logits that were kept. */
const softmaxProgram = memoize((vector: boolean): WgslProgram => {
  const dLogits = dLogitsAccess(vector);
  return {
    name: 'head-softmax',
    storage: [
      { name: 'labels', element: 'i32', access: 'read' },
      { name: 'row_weights', element: 'f32', access: 'read' },
      { name: 'log_sum_exp', element: 'f32', access: 'read' },
      matrixBinding(dLogits, 'read_write'),
    ],
    uniforms: unsigned('rows', 'count'),
    source: `${matrixReader(dLogits)} ${matrixWriter(dLogits)}
    @compute @workgroup_size(64) fn main(
      @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
      @builtin(local_invocation_index) local: u32) {
      let fours = (u.count + 3u) / 4u;
      let id = (group.x + group.y * groups.x) * 64u + local;
      let m = id / fours;
      let n = 4u * (id % fours);
      if (m >= u.rows) { return; }
      let columns = vec4(n, n + 1u, n + 2u, n + 3u);
      let hit = select(vec4<f32>(0.0), vec4<f32>(1.0), columns == vec4(u32(labels[m])));
      set_dLogits4(m, n, row_weights[m] * (exp(dLogits4(m, n) - log_sum_exp[m]) - hit));
    }`,
  };
});

/** dh = dLogits · W, or what is there plus that. */
const gradientProgram = memoize((shape: HeadProgram & { vectorCount: boolean; add: boolean }): WgslProgram => {
  const { format, vectorWidth, vectorCount, add, tile } = shape;
  const dLogits = dLogitsAccess(vectorCount);
  const out = { name: 'd_hidden', rows: 'u.rows', width: 'u.width', stride: 'u.width', vector: vectorWidth };
  return {
    name: `head-gradient-${format}`,
    storage: [weightBinding(format), matrixBinding(dLogits), matrixBinding(out, 'read_write')],
    uniforms: headUniforms,
    source: tiledProduct({
      tile,
      declarations: [
        weightDecoder(format),
        `fn column4(k: u32, n: u32) -> vec4<f32> {
          if (n >= u.stride) { return vec4<f32>(0.0); }
          return weight4(u.first + k, n);
        }`,
        matrixReader(dLogits),
        add ? matrixReader(out) : '',
        matrixWriter(out),
      ].join('\n'),
      phases: [{ extent: 'u.count', a: 'dLogits4(m, k)', aOrder: 'alongK', b: 'column4(k, n)', bOrder: 'alongN' }],
      store: `set_d_hidden4(m, n, value${add ? ' + d_hidden4(m, n)' : ''});`,
    }),
  };
});

function dLogitsAccess(vector: boolean) {
  return { name: 'dLogits', rows: 'u.rows', width: 'u.count', stride: 'u.count', vector };
}
