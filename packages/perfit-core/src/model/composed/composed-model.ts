import { buildLayout, type Layout, type LoraSpace, type ModelDimensions } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { causalMask } from '../../ops/causal-attention/causal-attention.ts';
import type { FrozenMatrix } from '../../ops/frozen-matrix/frozen-matrix.ts';
import type { FrozenLinear } from '../../ops/lora-linear/lora-linear.ts';
import type { Precision } from '../../ops/packed-matrix/formats.ts';
import { type RopeTable, ropeTable } from '../../ops/rope/rope.ts';
import type { TokenBatch } from '../../text/token-batch.ts';
import type { AdapterTensors } from '../adapter-tensors.ts';
import { dimensions, inverseFrequencies, type ModelConfig } from '../config.ts';
import type { KvCache, LabelOutcomes, LanguageModel, LossAndGradient, TokenRows } from '../language-model.ts';
import type { MemoryPlan } from '../packed/plan-memory.ts';
import { ComposedCache } from './composed-cache.ts';
import { composedLogits, composedNextLogits } from './composed-forward.ts';
import { composedGradient, composedLabelOutcomes, composedLoss } from './composed-loss.ts';

/** The frozen tensors of one transformer block. */
export interface BlockWeights {
  /** [D] */
  readonly attentionNorm: tf.Tensor1D;
  readonly q_proj: FrozenLinear;
  readonly k_proj: FrozenLinear;
  readonly v_proj: FrozenLinear;
  readonly o_proj: FrozenLinear;
  /** [d] each, where the model has them. */
  readonly queryNorm: tf.Tensor1D | null;
  readonly keyNorm: tf.Tensor1D | null;
  /** [D] */
  readonly feedForwardNorm: tf.Tensor1D;
  readonly gate_proj: FrozenLinear;
  readonly up_proj: FrozenLinear;
  readonly down_proj: FrozenLinear;
}

export interface ModelWeights {
  /** [V, D] */
  readonly embedding: FrozenMatrix;
  readonly blocks: readonly BlockWeights[];
  /** [D] */
  readonly finalNorm: tf.Tensor1D;
  /** [V, D]; the embedding itself where the head is tied. */
  readonly head: FrozenMatrix;
}

export interface ComposedModelOptions {
  /** What the weights were rounded to; they lie there in f32. */
  readonly precision?: Precision | undefined;
  /** Keeps of each block its input alone and computes it twice; off unless said otherwise. */
  readonly checkpointing?: boolean;
  /** Rows of a batch that are computed at once, their gradients added up; all of them where absent. */
  readonly rowsAtOnce?: number;
}

/** Rotary angles and causal mask for whole sequences of one length. */
export interface SequenceTables {
  readonly rope: RopeTable;
  readonly mask: tf.Tensor3D;
}

/**
 * A base model in tfjs' own ops and their gradients, on any backend. It owns its weights and, for every sequence length it
 * has met, the rotary tables and the causal mask; {@link ComposedModel.dispose} frees all of them.
 */
export class ComposedModel implements LanguageModel {
  readonly config: ModelConfig;
  readonly dimensions: ModelDimensions;
  readonly weights: ModelWeights;
  readonly precision: Precision;
  /** Both may be changed between two steps. */
  checkpointing: boolean;
  rowsAtOnce: number;
  /** Nobody plans what is but held against others. */
  readonly plan: MemoryPlan | null = null;
  readonly #inverseFrequencies: Float64Array;
  readonly #tables = new Map<number, SequenceTables>();

  /** Takes the weights over. */
  constructor(config: ModelConfig, weights: ModelWeights, options: ComposedModelOptions = {}) {
    const { precision = 'f32' } = options;
    this.config = config;
    this.precision = precision;
    this.checkpointing = options.checkpointing ?? false;
    this.rowsAtOnce = options.rowsAtOnce ?? Number.POSITIVE_INFINITY;
    this.dimensions = dimensions(config);
    this.weights = weights;
    this.#inverseFrequencies = inverseFrequencies(config);
  }

  /** The layout of an adapter for this model (PF1). */
  layout(space: LoraSpace): Layout {
    return buildLayout(this.dimensions, space);
  }

  /** Owned by the model: not to be disposed. */
  tables(length: number): SequenceTables {
    let tables = this.#tables.get(length);
    if (!tables) {
      tables = { rope: this.ropeTable(0, length), mask: causalMask(this.queryGroup, length, length) };
      for (const tensor of [...Object.values(tables.rope), tables.mask]) tf.keep(tensor);
      this.#tables.set(length, tables);
    }
    return tables;
  }

  /** The caller disposes the table's tensors. */
  ropeTable(start: number, length: number): RopeTable {
    return ropeTable(this.#inverseFrequencies, start, length);
  }

  /** G, query heads a key head. */
  get queryGroup(): number {
    return this.config.heads / this.config.keyHeads;
  }

  lossAndGradient(layout: Layout, theta: tf.Tensor1D, batch: TokenBatch): LossAndGradient {
    return composedGradient(this, layout, theta, batch);
  }

  loss(adapter: AdapterTensors | null, batch: TokenBatch): tf.Scalar {
    return composedLoss(this, adapter, batch);
  }

  labelOutcomes(adapter: AdapterTensors | null, batch: TokenBatch): LabelOutcomes {
    return composedLabelOutcomes(this, adapter, batch);
  }

  sequenceLogits(adapter: AdapterTensors | null, tokens: TokenRows): tf.Tensor2D {
    return composedLogits(this, adapter, tokens);
  }

  nextLogits(adapter: AdapterTensors | null, ids: readonly number[] | Int32Array, cache?: KvCache): tf.Tensor1D {
    return composedNextLogits(this, adapter, ids, cache as ComposedCache | undefined);
  }

  createCache(capacity: number): ComposedCache {
    return new ComposedCache(this, capacity);
  }

  dispose(): void {
    const { embedding, blocks, finalNorm, head } = this.weights;
    embedding.dispose();
    if (head !== embedding) head.dispose();
    finalNorm.dispose();
    for (const block of blocks) {
      for (const weight of Object.values(block)) disposeWeight(weight);
    }
    for (const { rope, mask } of this.#tables.values()) tf.dispose([rope.cos, rope.sin, rope.quarterTurn, mask]);
    this.#tables.clear();
  }
}

function disposeWeight(weight: FrozenLinear | tf.Tensor | null): void {
  if (weight === null) return;
  if (weight instanceof tf.Tensor) {
    weight.dispose();
    return;
  }
  weight.weight.dispose();
  weight.bias?.dispose();
}
