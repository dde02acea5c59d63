import * as tf from '@tensorflow/tfjs-core';
import type { HeadRows } from '../../ops/causal-attention/flash-attention.ts';
import type { PackedAdapter, PackedLinear } from '../../ops/packed-linear/packed-linear.ts';
import type { RopeTableOnDevice } from '../../ops/rope/rope-wgsl.ts';
import type { ModelConfig } from '../config.ts';
import type { PackedCache } from './packed-cache.ts';
import type { Group, PackedBlock } from './packed-weights.ts';
import type { Programs } from './programs.ts';

// M = B·T rows, D model width, H heads, K key heads, d head width, F feed-forward width, J·R adapted ranks of a group.

/** What a block computes with, besides its input. */
export interface BlockPass {
  readonly programs: Programs;
  readonly config: ModelConfig;
  readonly weights: PackedBlock;
  readonly adapters: Readonly<Record<Group, PackedAdapter | null>>;
  /** B and T. */
  readonly rows: number;
  readonly length: number;
  readonly table: RopeTableOnDevice;
  /** Keys and values of earlier tokens, for one sequence that is continued. */
  readonly cached?: { readonly cache: PackedCache; readonly layer: number };
}

/** What the backward pass reads. */
export interface BlockActivations {
  /** [M, D], the block's input; not owned */
  readonly x: tf.Tensor2D;
  /** [M, D] */
  readonly attentionInput: tf.Tensor2D;
  /** [M, (H + 2K)·d] */
  readonly qkv: tf.Tensor2D;
  /** [M, (H + K)·d] */
  readonly rotated: tf.Tensor2D;
  /** [M, H·d] */
  readonly attended: tf.Tensor2D;
  /** [B·H·T] */
  readonly logSumExp: tf.Tensor1D;
  /** [M, D] */
  readonly mixed: tf.Tensor2D;
  /** [M, D] */
  readonly feedForwardInput: tf.Tensor2D;
  /** [M, 2F] */
  readonly gateUp: tf.Tensor2D;
  /** [M, F] */
  readonly active: tf.Tensor2D;
  /** [M, J·R] each */
  readonly low: Readonly<Record<Group, tf.Tensor2D | null>>;
}

/** The block up to its last projection. Every tensor but x is the caller's to dispose, by {@link disposeActivations}. */
export function blockActivations(pass: BlockPass, x: tf.Tensor2D): BlockActivations {
  const { programs, config, weights } = pass;
  const eps = config.normEpsilon;
  const attentionInput = programs.rmsNormForward({ x, weight: weights.attentionNorm, eps });
  const qkv = project(pass, 'qkv', attentionInput);
  const { rotated, out: attended, logSumExp } = attend(pass, qkv.y);
  const mixed = project(pass, 'o', attended, x);
  const feedForwardInput = programs.rmsNormForward({ x: mixed.y, weight: weights.feedForwardNorm, eps });
  const gateUp = project(pass, 'gateUp', feedForwardInput);
  const active = programs.swigluForward(gateUp.y);
  const down = pass.adapters.down && programs.loraDown(active, pass.adapters.down);
  const low = { qkv: qkv.low, o: mixed.low, gateUp: gateUp.low, down };
  return {
    x,
    attentionInput,
    qkv: qkv.y,
    rotated,
    attended,
    logSumExp,
    mixed: mixed.y,
    feedForwardInput,
    gateUp: gateUp.y,
    active,
    low,
  };
}

/** The block's output. @returns [M, D]; the caller disposes it */
export function blockOutput(pass: BlockPass, { active, low, mixed }: BlockActivations): tf.Tensor2D {
  const { programs, weights, adapters } = pass;
  return linear(programs, active, weights.down, { adapter: adapters.down, low: low.down, residual: mixed });
}

export function disposeActivations({ x: _, low, ...rest }: BlockActivations): void {
  tf.dispose([...Object.values(rest), ...Object.values(low).filter((tensor) => tensor !== null)]);
}

/**
 * The gradient of the block: to its adapters, written into `gradient`, and to its input.
 * @param dy [M, D]   @param to.gradient [N]   @param to.add whether it is added to what is there
 * @param to.input whether anything before the block needs a gradient
 * @returns [M, D], the caller's to dispose; null where nobody needs it
 */
export function blockBackward(
  pass: BlockPass,
  at: BlockActivations,
  dy: tf.Tensor2D,
  to: { gradient: tf.Tensor1D; add: boolean; input: boolean },
): tf.Tensor2D | null {
  const { programs, config, weights } = pass;
  const eps = config.normEpsilon;
  const dActive = projectBackward(pass, 'down', { x: at.active, dy, low: at.low.down, ...to, input: true });
  const dGateUp = programs.swigluBackward({ gateUp: at.gateUp, dy: dActive });
  dActive.dispose();
  const dNormal = projectBackward(pass, 'gateUp', {
    x: at.feedForwardInput,
    dy: dGateUp,
    low: at.low.gateUp,
    ...to,
    input: true,
  });
  dGateUp.dispose();
  const dMixed = programs.rmsNormBackward({
    x: at.mixed,
    weight: weights.feedForwardNorm,
    eps,
    dy: dNormal,
    residual: dy,
  });
  dNormal.dispose();
  const dAttended = projectBackward(pass, 'o', { x: at.attended, dy: dMixed, low: at.low.o, ...to, input: true });
  const dQkv = attendBackward(pass, at, dAttended);
  dAttended.dispose();
  const dInput = projectBackward(pass, 'qkv', { x: at.attentionInput, dy: dQkv, low: at.low.qkv, ...to });
  dQkv.dispose();
  const dx =
    dInput && programs.rmsNormBackward({ x: at.x, weight: weights.attentionNorm, eps, dy: dInput, residual: dMixed });
  tf.dispose(dInput ? [dInput, dMixed] : [dMixed]);
  return dx;
}

/** One product for all projections of a group, with their adapters. */
function project(pass: BlockPass, group: Group, x: tf.Tensor2D, residual: tf.Tensor2D | null = null) {
  const adapter = pass.adapters[group];
  const low = adapter && pass.programs.loraDown(x, adapter);
  return { y: linear(pass.programs, x, pass.weights[group], { adapter, low, residual }), low };
}

/** One row has a program of its own: generation spends its time there. */
function linear(
  programs: Programs,
  x: tf.Tensor2D,
  layer: PackedLinear,
  given: { adapter: PackedAdapter | null; low: tf.Tensor2D | null; residual: tf.Tensor2D | null },
): tf.Tensor2D {
  if (x.shape[0] > 1) return programs.linearForward(x, layer, given);
  return programs.vectorProduct(x, layer.weight, { bias: layer.bias, ...given });
}

type ProjectionGradient<I extends boolean> = {
  x: tf.Tensor2D;
  dy: tf.Tensor2D;
  low: tf.Tensor2D | null;
  gradient: tf.Tensor1D;
  add: boolean;
  input: I;
};

function projectBackward<I extends boolean>(
  pass: BlockPass,
  group: Group,
  given: ProjectionGradient<I>,
): I extends true ? tf.Tensor2D : tf.Tensor2D | null;
function projectBackward(pass: BlockPass, group: Group, given: ProjectionGradient<boolean>): tf.Tensor2D | null {
  const { x, dy, low, gradient, add, input } = given;
  const adapter = pass.adapters[group];
  const dLow = adapter && pass.programs.loraDownGradient(dy, adapter);
  if (adapter && low && dLow) pass.programs.loraGradients({ x, dy, low, dLow, gradient, add }, adapter);
  const dx = input ? pass.programs.linearBackward(dy, pass.weights[group], { adapter, dLow }) : null;
  dLow?.dispose();
  return dx;
}

function attend(pass: BlockPass, qkv: tf.Tensor2D) {
  const { programs, cached, length } = pass;
  const firstPosition = cached?.cache.length ?? 0;
  const rotated = programs.ropeForward({ ...turning(pass), qkv, firstPosition });
  const { queries, keys, values } = headRows(pass, rotated, qkv);
  const shape = attentionShape(pass);
  if (!cached) return { rotated, ...programs.attention({ queries, keys, values, starts: null, shape }) };
  const held = cached.cache.append(cached.layer, { keys, values, count: length });
  return { rotated, ...programs.attention({ queries, ...held, starts: null, shape, firstPosition }) };
}

/** @returns [M, (H + 2K)·d] */
function attendBackward(pass: BlockPass, at: BlockActivations, dOut: tf.Tensor2D): tf.Tensor2D {
  const { programs } = pass;
  const { qkv, rotated, attended: out, logSumExp } = at;
  const dRotated = programs.empty<tf.Tensor2D>(rotated.shape);
  const dQkv = programs.empty<tf.Tensor2D>(qkv.shape);
  const views = headRows(pass, rotated, qkv);
  programs.attentionBackward({
    ...views,
    starts: null,
    shape: attentionShape(pass),
    out,
    logSumExp,
    dOut,
    dRotated,
    dQkv,
  });
  programs.ropeBackward({ ...turning(pass), qkv, firstPosition: 0, dRotated, dQkv });
  dRotated.dispose();
  return dQkv;
}

function turning({ config, weights, rows, length, table }: BlockPass) {
  const { heads, keyHeads, headWidth, normEpsilon } = config;
  const { queryNorm, keyNorm } = weights;
  return { shape: { rows, length, heads, keyHeads, headWidth }, table, queryNorm, keyNorm, eps: normEpsilon };
}

function headRows({ config, length }: BlockPass, rotated: tf.Tensor2D, qkv: tf.Tensor2D) {
  const { heads, keyHeads, headWidth } = config;
  const of = (tensor: tf.Tensor2D, column: number): HeadRows => ({
    tensor,
    column: column * headWidth,
    stride: tensor.shape[1],
    rowsPerSequence: length,
  });
  return { queries: of(rotated, 0), keys: of(rotated, heads), values: of(qkv, heads + keyHeads) };
}

function attentionShape({ config, rows }: BlockPass) {
  return { sequences: rows, heads: config.heads, keyHeads: config.keyHeads, headWidth: config.headWidth };
}
