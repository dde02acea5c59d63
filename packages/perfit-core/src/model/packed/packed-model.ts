import { buildLayout, type Layout, type LoraSpace, type ModelDimensions } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import type { Precision } from '../../ops/packed-matrix/formats.ts';
import { type RopeTableOnDevice, ropeTableOnDevice } from '../../ops/rope/rope-wgsl.ts';
import type { TokenBatch } from '../../text/token-batch.ts';
import type { AdapterTensors } from '../adapter-tensors.ts';
import { batchParts, type TokenPart } from '../batch-parts.ts';
import { dimensions, inverseFrequencies, type ModelConfig } from '../config.ts';
import { countLabels, firstOutcomes, joinOutcomes, labelledRows } from '../labelled-rows.ts';
import type { LabelOutcomes, LanguageModel, LossAndGradient, TokenRows } from '../language-model.ts';
import { adaptedModules, groupAdapter } from './packed-adapter.ts';
import {
  type BlockActivations,
  type BlockPass,
  blockActivations,
  blockBackward,
  blockOutput,
  disposeActivations,
} from './packed-block.ts';
import { PackedCache } from './packed-cache.ts';
import { disposeWeights, GROUP_NAMES, type Group, type PackedBlock, type PackedWeights } from './packed-weights.ts';
import type { MemoryPlan } from './plan-memory.ts';
import { currentPrograms, type Programs } from './programs.ts';

/** Prompts are padded to a multiple of this, so that few shapes occur. */
export const promptStep = 16;

/** Rotary tables begin with so many positions, and double. */
export const firstTablePositions = 128;

export interface PackedModelOptions {
  /**
   * Keeps of every block its input alone and computes the rest again in the backward pass: a third more work for a
   * fraction of the memory. On unless said otherwise.
   */
  readonly checkpointing?: boolean;
  /** Rows of a batch that are computed at once, their gradients added up; all of them where absent. */
  readonly rowsAtOnce?: number;
  /** What both came of. */
  readonly plan?: MemoryPlan;
}

/** What the blocks of one pass share. */
interface Pass {
  readonly layout: Layout | null;
  readonly theta: tf.Tensor1D | null;
  readonly rows: number;
  readonly length: number;
  readonly cache?: PackedCache;
}

/**
 * A base model in our own programs, on tfjs' WebGPU or WASM backend: packed weights, a hand-written forward and backward
 * pass over whole blocks, no tape.
 */
export class PackedModel implements LanguageModel {
  readonly config: ModelConfig;
  readonly dimensions: ModelDimensions;
  readonly weights: PackedWeights;
  /** Both may be changed between two steps. */
  checkpointing: boolean;
  rowsAtOnce: number;
  readonly plan: MemoryPlan | null;
  /** Of the latest gradient: the most that one layer took, and all that no layer took. */
  readonly dispatches = { layerForward: 0, layerBackward: 0, outside: 0 };
  readonly #programs: Programs;
  readonly #inverseFrequencies: Float64Array;
  #table: RopeTableOnDevice | null = null;
  #lastShape = '';

  /** Takes the weights over. */
  constructor(config: ModelConfig, weights: PackedWeights, options: PackedModelOptions = {}) {
    this.#programs = currentPrograms();
    this.config = config;
    this.dimensions = dimensions(config);
    this.weights = weights;
    this.plan = options.plan ?? null;
    this.checkpointing = options.checkpointing ?? true;
    this.rowsAtOnce = options.rowsAtOnce ?? Number.POSITIVE_INFINITY;
    this.#inverseFrequencies = inverseFrequencies(config);
  }

  get precision(): Precision {
    return this.weights.precision;
  }

  layout(space: LoraSpace): Layout {
    return buildLayout(this.dimensions, space);
  }

  lossAndGradient(layout: Layout, theta: tf.Tensor1D, batch: TokenBatch): LossAndGradient {
    this.#settle(batch);
    const labels = countLabels(batch);
    return tf.tidy(() => {
      const gradient = this.#programs.empty<tf.Tensor1D>([layout.size]);
      const losses = batchParts(batch, this.rowsAtOnce).map((part, i) => {
        const { rows, length } = part;
        return this.#gradient({ layout, theta, rows, length }, part, { gradient, add: i > 0, labels });
      });
      return { loss: tf.addN(losses) as tf.Scalar, gradient };
    });
  }

  loss(adapter: AdapterTensors | null, batch: TokenBatch): tf.Scalar {
    this.#settle(batch);
    const labels = countLabels(batch);
    return tf.tidy(() => {
      const losses = batchParts(batch, this.rowsAtOnce).map((part) => {
        const { selection, targets } = labelledRows(part, labels);
        const x = this.#run(this.#pass(adapter, part), part.inputIds);
        return this.#programs.headLoss(this.#normal(x, selection.indices), this.weights.head, targets);
      });
      return tf.addN(losses) as tf.Scalar;
    });
  }

  labelOutcomes(adapter: AdapterTensors | null, batch: TokenBatch): LabelOutcomes {
    this.#settle(batch);
    return tf.tidy(() =>
      joinOutcomes(
        batchParts(batch, this.rowsAtOnce).map((part) => {
          const { selection, targets } = labelledRows(part, 1);
          const hidden = this.#normal(this.#run(this.#pass(adapter, part), part.inputIds), selection.indices);
          return firstOutcomes(this.#programs.headRowOutcomes(hidden, this.weights.head, targets), countLabels(part));
        }),
      ),
    );
  }

  sequenceLogits(adapter: AdapterTensors | null, tokens: TokenRows): tf.Tensor2D {
    const pass = this.#pass(adapter, tokens);
    return tf.tidy(() => this.#programs.headLogits(this.#normal(this.#run(pass, tokens.inputIds)), this.weights.head));
  }

  nextLogits(adapter: AdapterTensors | null, ids: readonly number[] | Int32Array, cache?: PackedCache): tf.Tensor1D {
    if (ids.length === 0) throw new RangeError('there is no token to continue from');
    if (cache && cache.length + ids.length > cache.capacity) {
      throw new RangeError(`the cache holds ${cache.capacity} tokens; ${cache.length + ids.length} were asked of it`);
    }
    const length = ids.length === 1 ? 1 : Math.ceil(ids.length / promptStep) * promptStep;
    const inputIds = new Int32Array(length);
    inputIds.set(ids);
    const pass = this.#pass(adapter, { rows: 1, length }, cache);
    const logits = tf.tidy(() => {
      const last = tf.tensor1d([ids.length - 1], 'int32');
      const x = this.#normal(this.#run(pass, inputIds), last);
      return tf.reshape(this.#programs.vectorProduct(x, this.weights.head), [this.config.vocabSize]) as tf.Tensor1D;
    });
    if (cache) cache.length += ids.length;
    return logits;
  }

  createCache(capacity: number): PackedCache {
    // The last reply's prompt was of another length, and so were all its buffers.
    this.#programs.trim();
    return new PackedCache(this.#programs, this.config, capacity);
  }

  dispose(): void {
    disposeWeights(this.weights);
    if (this.#table) tf.dispose([this.#table.cos, this.#table.sin]);
    this.#table = null;
  }

  #pass(adapter: AdapterTensors | null, { rows, length }: { rows: number; length: number }, cache?: PackedCache): Pass {
    const { layout = null, theta = null } = adapter ?? {};
    return { layout, theta, rows, length, ...(cache ? { cache } : {}) };
  }

  /** The residual stream after the last block. @returns [M, D] */
  #run(pass: Pass, inputIds: Int32Array): tf.Tensor2D {
    let x = this.#embed(inputIds);
    for (let layer = 0; layer < this.config.layers; layer++) {
      const block = this.#block(pass, layer);
      const activations = blockActivations(block, x);
      const y = blockOutput(block, activations);
      disposeActivations(activations);
      x.dispose();
      x = y;
    }
    return x;
  }

  /**
   * Writes the gradient [N] of a part of a batch, or adds it to what is there.
   * @param to.labels how many the whole batch has   @returns the part's share of the loss
   */
  #gradient(
    pass: Pass,
    batch: TokenPart,
    { gradient, add, labels }: { gradient: tf.Tensor1D; add: boolean; labels: number },
  ): tf.Scalar {
    const { finalNorm, head } = this.weights;
    const { layers, normEpsilon: eps } = this.config;
    const { selection, targets } = labelledRows(batch, labels);
    const count = runCounter(this.#programs);
    const inputs: tf.Tensor2D[] = [this.#embed(batch.inputIds)];
    const embedded = count();
    const kept: (BlockActivations | null)[] = [];
    for (let layer = 0; layer < layers; layer++) {
      const block = this.#block(pass, layer);
      const activations = blockActivations(block, inputs[layer] as tf.Tensor2D);
      inputs.push(blockOutput(block, activations));
      if (this.checkpointing) disposeActivations(activations);
      kept.push(this.checkpointing ? null : activations);
      this.dispatches.layerForward = count();
    }
    const last = inputs.pop() as tf.Tensor2D;
    const hidden = this.#normal(last, selection.indices);
    const { loss, dHidden } = this.#programs.headGradient(hidden, head, targets);
    hidden.dispose();
    const { inverse } = selection;
    let dy: tf.Tensor2D | null = this.#programs.rmsNormBackward({
      x: last,
      weight: finalNorm,
      eps,
      dy: dHidden,
      residual: null,
      inverse,
    });
    tf.dispose([dHidden, last]);
    this.dispatches.outside = embedded + count();
    for (let layer = layers - 1; layer >= 0; layer--) {
      const block = this.#block(pass, layer);
      const x = inputs.pop() as tf.Tensor2D;
      const activations = kept[layer] ?? blockActivations(block, x);
      const dx = blockBackward(block, activations, dy as tf.Tensor2D, { gradient, add, input: layer > 0 });
      disposeActivations(activations);
      tf.dispose([x, dy as tf.Tensor2D]);
      dy = dx;
      const taken = count();
      if (layer === layers - 1 || layer > 0) this.dispatches.layerBackward = taken;
    }
    return loss;
  }

  #embed(inputIds: Int32Array): tf.Tensor2D {
    const ids = tf.tensor1d(inputIds, 'int32');
    const x = this.#programs.gatherRows(this.weights.embedding, ids);
    ids.dispose();
    return x;
  }

  /** The last norm, of the rows that are asked for or of all. */
  #normal(x: tf.Tensor2D, rows?: tf.Tensor1D): tf.Tensor2D {
    const weight = this.weights.finalNorm;
    return this.#programs.rmsNormForward({ x, weight, eps: this.config.normEpsilon, ...(rows ? { rows } : {}) });
  }

  #block(pass: Pass, layer: number): BlockPass {
    const { layout, theta, rows, length, cache } = pass;
    const modules = layout ? adaptedModules(layout, this.dimensions) : [];
    const adapterOf = (group: Group) =>
      layout && theta ? groupAdapter({ layout, theta, modules }, layer, group) : null;
    const adapters = Object.fromEntries(GROUP_NAMES.map((group) => [group, adapterOf(group)]));
    return {
      programs: this.#programs,
      config: this.config,
      weights: this.weights.blocks[layer] as PackedBlock,
      adapters: adapters as unknown as BlockPass['adapters'],
      rows,
      length,
      table: this.#tableFor((cache?.length ?? 0) + length),
      ...(cache ? { cached: { cache, layer } } : {}),
    };
  }

  /** Rotary tables for so many positions, kept. */
  #tableFor(positions: number): RopeTableOnDevice {
    if (this.#table && this.#table.positions >= positions) return this.#table;
    if (this.#table) tf.dispose([this.#table.cos, this.#table.sin]);
    let size = firstTablePositions;
    while (size < positions) size *= 2;
    this.#table = ropeTableOnDevice(this.#inverseFrequencies, size);
    for (const tensor of [this.#table.cos, this.#table.sin]) tf.keep(tensor);
    return this.#table;
  }

  /** tfjs pools buffers by exact size: those of another shape of batch are given back before this one's are made. */
  #settle({ rows, length }: TokenBatch): void {
    const shape = `${rows}x${length}`;
    if (this.#lastShape !== '' && this.#lastShape !== shape) this.#programs.trim();
    this.#lastShape = shape;
  }
}

/** Programs that were run since the last time it was asked. */
function runCounter(programs: Programs): () => number {
  let last = programs.runs();
  return () => {
    const now = programs.runs();
    const since = now - last;
    last = now;
    return since;
  };
}
