import type { Layout } from '@perfit/protocol/space';
import { logitRows } from '../../ops/head-cross-entropy/head-wasm.ts';
import { dLogitsPerRow, MAX_DLOGITS_AT_ONCE } from '../../ops/head-cross-entropy/packed-head.ts';
import { hasBias, type ModelConfig } from '../config.ts';
import { BufferPool, Heap, type StepMemory } from './buffer-pool.ts';
import { type Held, matrixBytes, outWidthOf } from './matrix-formats.ts';
import { GROUP_NAMES, GROUPS, type Group } from './packed-weights.ts';
import type { ProgramsName } from './programs.ts';

// M = B·T rows, D width, H heads, K key heads, d head width, F feed-forward width, R rank, N adapter size, L layers,
// Q rows with a label, V vocabulary, C gradients a row.

/** What a step of tuning holds on the device. */
export interface StepShape {
  readonly held: Held;
  /** B, the rows that are computed at once. */
  readonly rows: number;
  /** T */
  readonly length: number;
  readonly layout: Pick<Layout, 'rank' | 'targets' | 'size'>;
  readonly checkpointing: boolean;
  /** Q, the rows of the batch that carry loss; all of them where absent. */
  readonly labelled?: number;
  /** Whose memory: WebGPU's where absent. */
  readonly programs?: ProgramsName;
}

export interface PredictedBytes {
  /** The frozen weights. */
  readonly weights: number;
  /** Theta, its gradient, both moments, the mask, and how much it keeps before each of its words. */
  readonly adapter: number;
  /** The step's activations at their most, as the pool of buffers holds them. */
  readonly step: number;
  readonly total: number;
}

const headTile = 64;

/** tfjs' heap has holes between what lives long. Measured: `perfit bench --memory --backend wasm`. */
const HEAP_OVERHEAD = 1.05;

/** The memory of a device before anything is taken of it, and how much more than that it needs in all. */
export function emptyMemory(programs: ProgramsName = 'wgsl'): { memory: StepMemory; overhead: number } {
  return programs === 'wasm'
    ? { memory: new Heap(), overhead: HEAP_OVERHEAD }
    : { memory: new BufferPool(), overhead: 1 };
}

/**
 * The bytes that tuning takes on the device at its peak. The step is walked through as it allocates and frees. On WebGPU
 * tfjs' pool gives a buffer back to the same size only, so that the peak is Σ over sizes of the most buffers of that size;
 * WebAssembly's heap gives whatever fits.
 */
export function predictStepBytes(config: ModelConfig, shape: StepShape): PredictedBytes {
  const { size } = shape.layout;
  const { memory, overhead } = emptyMemory(shape.programs);
  walkStep(config, shape, memory);
  const weights = overhead * weightBytes(config, shape.held);
  const adapter = overhead * 4 * (4 * size + 2 * Math.ceil(size / 32));
  const step = overhead * memory.peak;
  return { weights, adapter, step, total: weights + adapter + step };
}

/** Bytes of the frozen weights packed, norms and biases included. */
export function weightBytes(config: ModelConfig, held: Held): number {
  const { layers, width, headWidth, queryKeyNorm } = config;
  const norms = 4 * (layers * (2 * width + (queryKeyNorm ? 2 * headWidth : 0)) + width);
  return matrixBytes(config, held) + norms + biasBytes(config);
}

/** Projections of a group have all a bias or none. */
function biasBytes(config: ModelConfig): number {
  const sizes = GROUP_NAMES.map((group) => (hasBias(config, GROUPS[group][0]) ? outWidthOf(config, group) : 0));
  return 4 * config.layers * sizes.reduce((sum, size) => sum + size, 0);
}

/** `PackedModel`'s step, allocation by allocation. */
function walkStep(config: ModelConfig, shape: StepShape, pool: StepMemory): void {
  const { layers, width, vocabSize } = config;
  const rows = shape.rows * shape.length;
  const labelled = shape.labelled ?? rows;
  const kept: number[][] = [];
  pool.take(rows * width); // the embedded tokens
  for (let layer = 0; layer < layers; layer++) {
    const activations = walkForward(config, shape, pool);
    pool.take(rows * width); // the block's output
    if (shape.checkpointing) pool.give(...activations);
    kept.push(activations);
  }
  const hidden = pool.take(labelled * width);
  if (shape.programs === 'wasm') {
    pool.take(labelled * width); // the gradient
    pool.give(pool.take(logitRows(labelled, vocabSize) * vocabSize));
  } else walkHead(pool, { labelled, width, vocabSize });
  pool.give(hidden);
  const dy = pool.take(rows * width);
  pool.give(labelled * width, rows * width); // the head's gradient and the last block's output
  for (let layer = layers - 1; layer >= 0; layer--) {
    const activations = shape.checkpointing ? walkForward(config, shape, pool) : (kept[layer] as number[]);
    walkBackward(config, shape, { pool, needsInput: layer > 0 });
    pool.give(...activations, rows * width); // and the block's input; dy and the new dy change places
  }
  pool.give(dy);
}

/** A block up to its last projection. @returns what it holds until it is given back */
export function walkForward(
  config: ModelConfig,
  { rows: sequences, length, layout }: Pick<StepShape, 'rows' | 'length' | 'layout'>,
  pool: StepMemory,
): number[] {
  const { width, heads, keyHeads, headWidth, feedForwardWidth } = config;
  const rows = sequences * length;
  const low = (group: Group) => adapted(layout, group).map((modules) => pool.take(rows * modules * layout.rank));
  const taken = [
    pool.take(rows * width), // attentionInput
    ...low('qkv'),
    pool.take(rows * (heads + 2 * keyHeads) * headWidth), // qkv
    pool.take(rows * (heads + keyHeads) * headWidth), // rotated
    pool.take(rows * heads * headWidth), // attended
    pool.take(rows * heads), // logSumExp
    ...low('o'),
    pool.take(rows * width), // mixed
    pool.take(rows * width), // feedForwardInput
    ...low('gateUp'),
    pool.take(rows * 2 * feedForwardWidth), // gateUp
    pool.take(rows * feedForwardWidth), // active
    ...low('down'),
  ];
  return taken;
}

function walkHead(
  pool: StepMemory,
  { labelled, width, vocabSize }: { labelled: number; width: number; vocabSize: number },
) {
  const isSmall = labelled * vocabSize <= MAX_DLOGITS_AT_ONCE;
  const logits = isSmall ? [pool.take(labelled * vocabSize)] : [];
  const tiles = Math.ceil(vocabSize / headTile);
  const partials = pool.take(labelled * tiles * 2);
  pool.take(labelled); // log-sum-exp
  pool.give(partials);
  pool.take(labelled * width); // the gradient
  const chunk = dLogitsPerRow(labelled);
  for (let first = 0; first < vocabSize && !isSmall; first += chunk) {
    pool.give(pool.take(labelled * Math.min(chunk, vocabSize - first)));
  }
  pool.give(labelled, ...logits);
}

function walkBackward(config: ModelConfig, shape: StepShape, at: { pool: StepMemory; needsInput: boolean }): void {
  const { width, heads, keyHeads, headWidth, feedForwardWidth } = config;
  const { layout } = shape;
  const { pool, needsInput } = at;
  const rows = shape.rows * shape.length;
  const projected = (group: Group, outWidth: number | null) => {
    const dLow = adapted(layout, group).map((modules) => pool.take(rows * modules * layout.rank));
    const dx = outWidth === null ? [] : [pool.take(rows * outWidth)];
    pool.give(...dLow);
    return dx;
  };
  const dActive = projected('down', feedForwardWidth);
  const dGateUp = pool.take(rows * 2 * feedForwardWidth);
  pool.give(...dActive);
  const dNormal = projected('gateUp', width);
  pool.give(dGateUp);
  const dMixed = pool.take(rows * width);
  pool.give(...dNormal);
  const dAttended = projected('o', heads * headWidth);
  const dRotated = pool.take(rows * (heads + keyHeads) * headWidth);
  const dQkv = pool.take(rows * (heads + 2 * keyHeads) * headWidth);
  pool.give(pool.take(rows * heads)); // the attention's delta
  pool.give(dRotated, ...dAttended);
  const dInput = projected('qkv', needsInput ? width : null);
  pool.give(dQkv);
  if (needsInput) pool.take(rows * width); // dx; dy is given by the caller's side of the exchange
  pool.give(dMixed, ...dInput);
  if (needsInput) pool.give(rows * width);
}

/** How many of a group's projections are adapted, in a list that is empty where none is. */
function adapted({ targets }: StepShape['layout'], group: Group): number[] {
  const count = GROUPS[group].filter((projection) => targets.includes(projection)).length;
  return count > 0 ? [count] : [];
}
