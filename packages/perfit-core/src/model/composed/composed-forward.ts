import type { Projection } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { causalAttention, causalMask } from '../../ops/causal-attention/causal-attention.ts';
import { gatherRows, type RowSelection } from '../../ops/gather-rows/gather-rows.ts';
import { loraLinear, plainLinear } from '../../ops/lora-linear/lora-linear.ts';
import { rmsNorm } from '../../ops/rms-norm/rms-norm.ts';
import { rope } from '../../ops/rope/rope.ts';
import { swiglu } from '../../ops/swiglu/swiglu.ts';
import type { AdapterTensors } from '../adapter-tensors.ts';
import type { TokenRows } from '../language-model.ts';
import type { ComposedCache } from './composed-cache.ts';
import type { ComposedModel, SequenceTables } from './composed-model.ts';

// B batch, T time, D model width, H heads, K key heads, d head width, F feed-forward width, V vocabulary, R rank;
// M = B·T rows, S slots of the cache, Q rows that something is predicted from.

/** Where the keys and values of earlier tokens are, and where this call's go. */
interface CachePlace {
  readonly cache: ComposedCache;
  /** [S, T] */
  readonly placement: tf.Tensor2D;
}

export interface Pass {
  readonly model: ComposedModel;
  readonly adapter: AdapterTensors | null;
  readonly rows: number;
  readonly length: number;
  readonly tables: SequenceTables;
  /** The rows that anything is predicted from: the last block goes on with these only. */
  readonly selection: RowSelection | null;
  readonly cached: CachePlace | null;
}

/**
 * The hidden states under the head: after the last norm, at the selected rows or at all.
 * Differentiable with respect to the adapter's matrices.
 * @returns [Q, D] or, without a selection, [M, D]; the caller disposes it
 */
export function hiddenStates(
  model: ComposedModel,
  adapter: AdapterTensors | null,
  tokens: TokenRows,
  selection: RowSelection | null = null,
): tf.Tensor2D {
  return runBlocks(wholePass(model, adapter, tokens, selection), tokens.inputIds);
}

/** Of whole sequences, without a cache. */
export function wholePass(
  model: ComposedModel,
  adapter: AdapterTensors | null,
  { rows, length }: Pick<TokenRows, 'rows' | 'length'>,
  selection: RowSelection | null,
): Pass {
  return { model, adapter, rows, length, tables: model.tables(length), selection, cached: null };
}

function runBlocks(pass: Pass, inputIds: Int32Array): tf.Tensor2D {
  const { model } = pass;
  const { embedding, blocks, finalNorm } = model.weights;
  return tf.tidy(() => {
    let x = embedding.rows(tf.tensor1d(inputIds, 'int32')); // [M, D]
    for (let layer = 0; layer < blocks.length; layer++) {
      // Of a block only its output lives on, and what a gradient has saved.
      const before = x;
      x = tf.tidy(() => runBlock(pass, layer, before));
      before.dispose();
    }
    return rmsNorm(x, finalNorm, model.config.normEpsilon);
  });
}

/** One transformer block. @param x [M, D]   @returns [M, D]; of the last, where rows are selected, [Q, D] */
export function runBlock(pass: Pass, layer: number, x: tf.Tensor2D): tf.Tensor2D {
  const { config, weights } = pass.model;
  const { attentionNorm, feedForwardNorm } = weights.blocks[layer] as (typeof weights.blocks)[number];
  const selection = layer === weights.blocks.length - 1 ? pass.selection : null;
  const select = (rows: tf.Tensor2D) => (selection ? gatherRows(rows, selection) : rows);
  const linear = (projection: Projection, input: tf.Tensor2D) => project(pass, { layer, projection }, input);

  const attended = attention(pass, layer, rmsNorm(x, attentionNorm, config.normEpsilon)); // [M, H·d]
  const mixed = tf.add(select(x), linear('o_proj', select(attended))) as tf.Tensor2D; // [M or Q, D]

  const normal = rmsNorm(mixed, feedForwardNorm, config.normEpsilon);
  const active = swiglu(linear('gate_proj', normal), linear('up_proj', normal)); // [M or Q, F]
  return tf.add(mixed, linear('down_proj', active));
}

/** @param x [M, D]   @returns [M, H·d] */
function attention(pass: Pass, layer: number, x: tf.Tensor2D): tf.Tensor2D {
  const { rows, length, tables, cached } = pass;
  const { heads, keyHeads, headWidth, normEpsilon } = pass.model.config;
  const weights = pass.model.weights.blocks[layer] as (typeof pass.model.weights.blocks)[number];
  const headsOf = (projection: Projection, count: number, norm: tf.Tensor1D | null) => {
    const y = project(pass, { layer, projection }, x);
    const normal = norm ? rmsNorm(tf.reshape(y, [rows * length * count, headWidth]), norm, normEpsilon) : y;
    return tf.reshape(normal, [rows, length, count, headWidth]) as tf.Tensor4D;
  };
  const q = rope(headsOf('q_proj', heads, weights.queryNorm), tables.rope); // [B, T, H, d]
  let k = rope(headsOf('k_proj', keyHeads, weights.keyNorm), tables.rope); // [B, T, K, d]
  let v = headsOf('v_proj', keyHeads, null);
  if (cached) {
    const flat = (heads: tf.Tensor4D) => tf.reshape(heads, [length, keyHeads * headWidth]) as tf.Tensor2D;
    const all = cached.cache.append(layer, { keys: flat(k), values: flat(v) }, cached.placement);
    k = tf.reshape(all.keys, [1, cached.cache.capacity, keyHeads, headWidth]); // [1, S, K, d]
    v = tf.reshape(all.values, [1, cached.cache.capacity, keyHeads, headWidth]);
  }
  return tf.reshape(causalAttention(q, k, v, tables.mask), [rows * length, heads * headWidth]);
}

/** One of the seven projections, with its LoRA pair where the adapter has one. */
function project(pass: Pass, at: { layer: number; projection: Projection }, x: tf.Tensor2D): tf.Tensor2D {
  const { weights } = pass.model;
  const linear = (weights.blocks[at.layer] as (typeof weights.blocks)[number])[at.projection];
  const lora = pass.adapter?.pair(at.layer, at.projection);
  if (!lora || !pass.adapter) return plainLinear(x, linear);
  // Nothing below the first block trains: its q, k and v need no gradient for their input.
  const frozenInput =
    at.layer === 0 && (at.projection === 'q_proj' || at.projection === 'k_proj' || at.projection === 'v_proj');
  return loraLinear(x, linear, lora, { scale: pass.adapter.scale, frozenInput });
}

/** Logits at every position. @returns [B·T, V]; the caller disposes it */
export function composedLogits(model: ComposedModel, adapter: AdapterTensors | null, tokens: TokenRows): tf.Tensor2D {
  return tf.tidy(() => model.weights.head.forward(hiddenStates(model, adapter, tokens)));
}

/** Prompts are padded to a multiple of this, so that few shapes occur. */
const promptStep = 16;

/** See `LanguageModel.nextLogits`. @returns [V]; the caller disposes it */
export function composedNextLogits(
  model: ComposedModel,
  adapter: AdapterTensors | null,
  ids: readonly number[] | Int32Array,
  cache?: ComposedCache,
): tf.Tensor1D {
  if (ids.length === 0) throw new RangeError('there is no token to continue from');
  const length = ids.length === 1 ? 1 : Math.ceil(ids.length / promptStep) * promptStep;
  const inputIds = new Int32Array(length);
  inputIds.set(ids);
  return tf.tidy(() => {
    const selection = {
      indices: tf.tensor1d([ids.length - 1], 'int32'),
      inverse: tf.fill([length], 1, 'int32') as tf.Tensor1D,
    };
    const hidden = cache
      ? cachedHiddenStates({ model, adapter, selection, cache }, inputIds, ids.length)
      : hiddenStates(model, adapter, { inputIds, rows: 1, length }, selection);
    return tf.reshape(model.weights.head.forward(hidden), [model.config.vocabSize]);
  });
}

/** @param count how many of the ids are tokens; the rest is padding, which never enters the cache */
function cachedHiddenStates(
  from: { model: ComposedModel; adapter: AdapterTensors | null; selection: RowSelection; cache: ComposedCache },
  inputIds: Int32Array,
  count: number,
): tf.Tensor2D {
  const { model, adapter, selection, cache } = from;
  const start = cache.length;
  const length = inputIds.length;
  if (start + count > cache.capacity) {
    throw new RangeError(`the cache holds ${cache.capacity} tokens; ${start + count} were asked of it`);
  }
  const placement = new Float32Array(cache.capacity * length); // [S, T]
  for (let t = 0; t < count; t++) placement[(start + t) * length + t] = 1;
  const tables = {
    rope: model.ropeTable(start, length),
    mask: causalMask(model.queryGroup, length, cache.capacity, start),
  };
  const cached = { cache, placement: tf.tensor2d(placement, [cache.capacity, length]) };
  const hidden = runBlocks({ model, adapter, rows: 1, length, tables, selection, cached }, inputIds);
  cache.length += count;
  return hidden;
}
