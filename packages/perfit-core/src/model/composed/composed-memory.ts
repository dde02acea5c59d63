import { PROJECTIONS, projectionWidths } from '@perfit/protocol/space';
import { dimensions, hasBias, type ModelConfig } from '../config.ts';
import { ModelError } from '../model-error.ts';
import type { PredictedBytes } from '../packed/memory.ts';
import type { MemoryPlan, TuningWish } from '../packed/plan-memory.ts';

// M = B·T rows, D width, H heads, K key heads, d head width, F feed-forward width, R rank, N adapter size, L layers,
// Q rows with a label, V vocabulary.

/** What a step of tuning holds in tfjs' ops on WASM. */
export interface ComposedStep {
  /** B, the rows that are computed at once. */
  readonly rows: number;
  /** T */
  readonly length: number;
  readonly layout: { readonly rank: number; readonly size: number };
  readonly checkpointing: boolean;
  /** Q; all of them where absent. */
  readonly labelled?: number;
}

/**
 * Bytes of WebAssembly's memory that tuning may take. It ends at 4 GiB, but tfjs takes addresses for signed numbers: at the
 * first beyond 2 GiB it ends with "memory access out of bounds".
 */
export const WASM_BUDGET = 1.9e9;

const FLOAT = 4;

/**
 * Floats that one block holds, a row of each width: what the tape keeps of a block, and the most that a block's gradient
 * takes at a time, with what it keeps. Measured: the live bytes of tfjs' heap over ten shapes each, by least squares; off
 * by 1 % of the step at most where everything is kept, and 5 % with checkpoints.
 */
const KEPT = { width: 28.7, feedForward: 13.2, queries: 18.4, keys: 11.6, rank: 76, scores: 3.7 };
const AT_A_TIME = { width: 18.7, feedForward: 13.4, queries: 12.3, keys: 10.8, rank: 76, scores: 4.5 };

/** Copies of the adapter: theta, its two moments and mask; its matrices, their gradients, and those in one. */
const ADAPTER_COPIES = 6;

/** The logits that exist at a time, their softmax and what becomes of it; see `head-cross-entropy.ts`. */
const LOGITS_AT_ONCE = 2 ** 23;
const LOGIT_COPIES = 2;
/** What XNNPACK packs of the head for its two products lies in holes of its own. */
const HEAD_COPIES = 2;

/**
 * tfjs' heap has holes, and grows by more than it was asked for. Measured at SmolLM2-135M, 512 tokens a row: after three steps
 * of one row 1.12 of what lies there at most, after eight parts of two rows 1.17.
 */
const OVERHEAD = 1.12;

/** The bytes of WebAssembly's memory that tuning takes at its peak, in `ComposedModel`. */
export function predictComposedBytes(config: ModelConfig, shape: ComposedStep): PredictedBytes {
  const { layers, width, vocabSize, headWidth, heads, keyHeads, feedForwardWidth } = config;
  const rows = shape.rows * shape.length;
  const labelled = shape.labelled ?? rows;
  const block = (floats: typeof KEPT) =>
    FLOAT *
    (rows *
      (floats.width * width +
        floats.feedForward * feedForwardWidth +
        floats.queries * heads * headWidth +
        floats.keys * keyHeads * headWidth +
        floats.rank * shape.layout.rank) +
      floats.scores * shape.rows * heads * shape.length ** 2);
  const stream = FLOAT * rows * width;
  const logits = Math.min(labelled * vocabSize, Math.max(LOGITS_AT_ONCE, vocabSize));
  const head = FLOAT * (LOGIT_COPIES * logits + HEAD_COPIES * vocabSize * width + 3 * labelled * width);
  // The head's large pieces leave holes that a block's do not fill: the two add up, though they come one after the other.
  const blocks = head + (shape.checkpointing ? layers * stream + block(AT_A_TIME) : layers * block(KEPT));
  const weights = OVERHEAD * composedWeightBytes(config);
  const adapter = OVERHEAD * FLOAT * ADAPTER_COPIES * shape.layout.size;
  const step = OVERHEAD * blocks;
  return { weights, adapter, step, total: weights + adapter + step };
}

/** The bytes that answers take: every matrix once, as XNNPACK packed it besides, and the embedding's own rows. */
export function composedChatBytes(config: ModelConfig): number {
  const both = composedWeightBytes(config);
  return OVERHEAD * (both + FLOAT * config.vocabSize * config.width);
}

/** Every matrix lies there twice, for the products of both directions. */
function composedWeightBytes(config: ModelConfig): number {
  const { layers, width, vocabSize, headWidth, tiedHead, queryKeyNorm } = config;
  const perBlock = PROJECTIONS.reduce((sum, projection) => {
    const { inWidth, outWidth } = projectionWidths(dimensions(config), projection);
    return sum + outWidth * (2 * inWidth + (hasBias(config, projection) ? 1 : 0));
  }, 0);
  const norms = layers * (2 * width + (queryKeyNorm ? 2 * headWidth : 0)) + width;
  return FLOAT * (layers * perBlock + norms + (tiedHead ? 2 : 4) * vocabSize * width);
}

/**
 * The fastest way to tune that fits: all rows at once and everything kept, then checkpointing, then fewer rows at once.
 * @throws ModelError `model-too-large` with what to reduce
 */
export function planComposed(config: ModelConfig, wish: TuningWish): MemoryPlan {
  const layout = wish.layout(dimensions(config));
  const planOf = (checkpointing: boolean, rowsAtOnce: number): MemoryPlan => {
    const shape = { rows: rowsAtOnce, length: wish.maxLength, layout, checkpointing };
    return { precision: 'f32', checkpointing, rowsAtOnce, predicted: predictComposedBytes(config, shape) };
  };
  const kept = planOf(false, wish.batchSize);
  if (kept.predicted.total <= wish.budget) return kept;
  let least = kept;
  for (let parts = 1; parts <= wish.batchSize; parts++) {
    least = planOf(true, Math.ceil(wish.batchSize / parts));
    if (least.predicted.total <= wish.budget) return least;
  }
  if (wish.orLeast) return least;
  throw new ModelError('model-too-large', refusal(wish, least, layout.rank));
}

function refusal({ budget, maxLength }: TuningWish, { predicted }: MemoryPlan, rank: number): string {
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  const more =
    predicted.weights > 0.9 * budget
      ? 'A smaller model, or a browser with WebGPU, would do.'
      : 'Shorter texts, a smaller model, or a browser with WebGPU, would do.';
  return (
    `Tuning this model on the processor takes at least ${gigabytes(predicted.total)} (weights in f32, one text of ` +
    `${maxLength} tokens at a time, rank ${rank}); WebAssembly has ${gigabytes(budget)}. ${more}`
  );
}
