import type * as tf from '@tensorflow/tfjs-core';
import type { WgslProgram } from '../../wgsl/program.ts';
import { WgslRunner } from '../../wgsl/runner.ts';
import { flashKeyGradient, flashQueryGradient } from './flash-backward.ts';
import { flashCombine, flashDecode, headBlocks, sliceKeys } from './flash-decode.ts';
import { flashForward } from './flash-forward.ts';
import { ownRows } from './flash-tiles.ts';

/**
 * Where heads lie in a tensor of rows: head h of row t of sequence b starts at element
 * (b · rowsPerSequence + t) · stride + column + h · d.
 */
export interface HeadRows {
  readonly tensor: tf.Tensor;
  /** Elements before the first head; a multiple of 4. */
  readonly column: number;
  /** Elements from one row to the next; a multiple of 4. */
  readonly stride: number;
  /** T of queries, S of keys and values. */
  readonly rowsPerSequence: number;
}

interface AttentionShape {
  /** B */
  readonly sequences: number;
  /** H, a multiple of K; query head h reads key head ⌊h / G⌋, G = H / K. */
  readonly heads: number;
  /** K */
  readonly keyHeads: number;
  /** d, a multiple of 4, 256 at most. */
  readonly headWidth: number;
}

export interface FlashAttention {
  readonly queries: HeadRows;
  readonly keys: HeadRows;
  readonly values: HeadRows;
  /**
   * [B·T] int32, the first key (within its sequence) that each query sees: where its example starts, in a sequence of
   * several. Null where all see their sequence from its beginning.
   */
  readonly starts: tf.Tensor | null;
  readonly shape: AttentionShape;
  /** Where the first query stands among the keys: query t sees keys up to firstPosition + t. 0 where not said. */
  readonly firstPosition?: number;
}

export interface AttentionResult {
  /** [B·T, H·d] */
  readonly out: tf.Tensor2D;
  /** [B·H·T], log Σ exp of the scores of each query */
  readonly logSumExp: tf.Tensor1D;
}

/**
 * Causal grouped-query attention, softmax(qkᵀ / √d) v, without a T×S matrix in memory: one dispatch, or two for one
 * query a sequence against more than 64 keys. Needs tfjs' WebGPU backend; not differentiable by itself.
 * @returns tensors that the caller disposes
 * @throws RangeError where the views do not fit the shape
 * Source: Dao et al. 2022 (arXiv 2205.14135); Dao 2023 (arXiv 2307.08691).
 */
export function flashAttention(attention: FlashAttention): AttentionResult {
  check(attention);
  const { sequences, heads, headWidth } = attention.shape;
  const rows = attention.queries.rowsPerSequence;
  const runner = WgslRunner.current();
  const result: AttentionResult = {
    out: runner.empty([sequences * rows, heads * headWidth]),
    logSumExp: runner.empty([sequences * heads * rows]),
  };
  if (rows === 1) decode(runner, attention, result);
  else {
    runner.run(program(flashForward, attention), {
      tensors: [...inputs(attention), result.out, result.logSumExp],
      uniforms: uniformsOf(attention),
      workgroups: [tiles(rows * group(attention)), keyHeads(attention)],
    });
  }
  return result;
}

export interface FlashGradient extends Omit<FlashAttention, 'firstPosition'>, AttentionResult {
  /** [B·T, H·d] */
  readonly dOut: tf.Tensor;
  /** Laid out like the tensor of queries and keys; gets dQ and dK. */
  readonly dRotated: tf.Tensor;
  /** Laid out like the tensor of the values; gets dV, and keeps what its other columns hold. */
  readonly dQkv: tf.Tensor;
}

/**
 * The gradients of {@link flashAttention}, written into `dRotated` and `dQkv` over what was there. Queries and keys must
 * be columns of the same tensor and have as many rows. Two dispatches.
 * @throws RangeError where the views do not fit
 */
export function flashAttentionBackward(gradient: FlashGradient): void {
  check(gradient);
  const { queries, keys, values, shape, out, logSumExp, dOut, dRotated, dQkv } = gradient;
  const rows = queries.rowsPerSequence;
  if (queries.tensor.dataId !== keys.tensor.dataId) throw new RangeError('queries and keys lie in different tensors');
  if (rows !== keys.rowsPerSequence) throw new RangeError(`${rows} queries, ${keys.rowsPerSequence} keys`);
  const runner = WgslRunner.current();
  const delta = runner.empty([shape.sequences * shape.heads * rows]);
  const starts = gradient.starts ? [gradient.starts] : [];
  const [rotated, qkv, uniforms] = [queries.tensor, values.tensor, uniformsOf(gradient)];
  runner.run(program(flashQueryGradient, gradient), {
    tensors: [rotated, qkv, out, dOut, logSumExp, ...starts, delta, dRotated],
    uniforms,
    workgroups: [tiles(rows * group(gradient)), keyHeads(gradient)],
  });
  runner.run(program(flashKeyGradient, gradient), {
    tensors: [rotated, qkv, dOut, logSumExp, delta, ...starts, dRotated, dQkv],
    uniforms,
    workgroups: [tiles(rows), keyHeads(gradient)],
  });
  delta.dispose();
}

function decode(runner: WgslRunner, attention: FlashAttention, result: AttentionResult): void {
  const { shape, keys, firstPosition = 0 } = attention;
  const rows = shape.sequences * shape.heads;
  const decodeInto = ({ out, logSumExp }: AttentionResult, slices: number) =>
    runner.run(program(flashDecode, attention), {
      tensors: [...inputs(attention), out, logSumExp],
      uniforms: { ...uniformsOf(attention), sequences: shape.sequences },
      workgroups: [slices, keyHeads(attention) * headBlocks(group(attention))],
    });
  const slices = Math.ceil((firstPosition + 1) / sliceKeys);
  if (slices === 1) {
    decodeInto(result, 1);
    return;
  }
  // By the room in the cache, not by what is seen of it: the pool of buffers is by exact size.
  const most = Math.ceil(keys.rowsPerSequence / sliceKeys);
  const parts: AttentionResult = {
    out: runner.empty([most * rows, shape.headWidth]),
    logSumExp: runner.empty([most * rows]),
  };
  decodeInto(parts, slices);
  runner.run(program(flashCombine, attention), {
    tensors: [parts.out, parts.logSumExp, result.out, result.logSumExp],
    uniforms: { rows, slices },
    workgroups: [rows],
  });
  parts.out.dispose();
  parts.logSumExp.dispose();
}

type ProgramOf = (headWidth: number, group: number, hasStarts: boolean) => WgslProgram;

function program(of: ProgramOf, attention: Pick<FlashAttention, 'shape' | 'starts'>): WgslProgram {
  return of(attention.shape.headWidth, group(attention), attention.starts !== null);
}

type Shaped = Pick<FlashAttention, 'shape'>;
const group = ({ shape }: Shaped) => shape.heads / shape.keyHeads;
const keyHeads = ({ shape }: Shaped) => shape.sequences * shape.keyHeads;
const tiles = (rows: number) => Math.ceil(rows / ownRows);
const inputs = ({ queries, keys, values, starts }: FlashAttention) => [
  queries.tensor,
  keys.tensor,
  values.tensor,
  ...(starts ? [starts] : []),
];

function uniformsOf({ queries, keys, values, shape, firstPosition = 0 }: FlashAttention): Record<string, number> {
  return {
    queryRows: queries.rowsPerSequence,
    keyRows: keys.rowsPerSequence,
    keyHeads: shape.keyHeads,
    firstPosition,
    queryColumn: queries.column / 4,
    queryStride: queries.stride / 4,
    keyColumn: keys.column / 4,
    keyStride: keys.stride / 4,
    valueColumn: values.column / 4,
    valueStride: values.stride / 4,
    quads: shape.headWidth / 4,
  };
}

function check({ queries, keys, values, shape, starts, firstPosition = 0 }: FlashAttention): void {
  const { sequences, heads, keyHeads, headWidth } = shape;
  if (headWidth % 4 > 0 || headWidth > 256) throw new RangeError(`attention does not do heads ${headWidth} wide`);
  if (heads % keyHeads > 0) throw new RangeError(`${heads} query heads do not share ${keyHeads} key heads`);
  for (const [name, rows, count] of [
    ['queries', queries, heads],
    ['keys', keys, keyHeads],
    ['values', values, keyHeads],
  ] as const) {
    const { tensor, column, stride, rowsPerSequence } = rows;
    const end = column + count * headWidth;
    if (column % 4 > 0 || stride % 4 > 0 || end > stride || sequences * rowsPerSequence * stride > tensor.size) {
      throw new RangeError(`the ${name} of attention do not lie as said in a tensor of ${tensor.shape.join(' × ')}`);
    }
  }
  const seen = firstPosition + queries.rowsPerSequence;
  if (keys.rowsPerSequence < seen || values.rowsPerSequence !== keys.rowsPerSequence) {
    throw new RangeError(`attention sees ${seen} keys and is given ${keys.rowsPerSequence}`);
  }
  if (starts && starts.size !== sequences * queries.rowsPerSequence) {
    throw new RangeError(`${starts.size} starts for ${sequences} × ${queries.rowsPerSequence} queries`);
  }
}
