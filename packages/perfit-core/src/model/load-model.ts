import * as tf from '@tensorflow/tfjs-core';
import { FrozenMatrix } from '../ops/frozen-matrix/frozen-matrix.ts';
import type { FrozenLinear } from '../ops/lora-linear/lora-linear.ts';
import { openWeights, readTensor, type TensorEntry, type WeightFiles } from '../weights/safetensors-reader.ts';
import type { ModelSource } from '../weights/source.ts';
import { WeightsError } from '../weights/weights-error.ts';
import { type BlockWeights, ComposedModel, type ModelWeights } from './composed/composed-model.ts';
import { dimensions, type ModelConfig, parseModelConfig } from './config.ts';
import type { LanguageModel } from './language-model.ts';

export interface LoadModelOptions {
  /** Called after every tensor with the bytes read so far. */
  readonly onProgress?: (loadedBytes: number, totalBytes: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Loads a Llama-family model from a Hugging Face folder onto the current backend.
 * @throws ModelError where config.json is not one that we follow   @throws WeightsError where a weight is not as it says
 */
export async function loadModel(source: ModelSource, options: LoadModelOptions = {}): Promise<LanguageModel> {
  const config = parseModelConfig(await source.text('config.json'));
  const files = await openWeights(source);
  const reader = new WeightReader(source, files, options);
  try {
    return new ComposedModel(config, await readWeights(config, reader));
  } catch (error) {
    reader.disposeAll();
    throw error;
  }
}

async function readWeights(config: ModelConfig, reader: WeightReader): Promise<ModelWeights> {
  const { width, vocabSize } = config;
  const embeddingName = 'model.embed_tokens.weight';
  const headName = 'lm_head.weight';
  // A tied model may have been saved with its one matrix under the head's name.
  const embedding = await reader.matrix(
    config.tiedHead && !reader.has(embeddingName) && reader.has(headName) ? headName : embeddingName,
    vocabSize,
    width,
  );
  const blocks: BlockWeights[] = [];
  for (let layer = 0; layer < config.layers; layer++) blocks.push(await readBlock(config, reader, layer));
  const finalNorm = await reader.vector('model.norm.weight', width);
  const head = config.tiedHead ? embedding : await reader.matrix(headName, vocabSize, width);
  return { embedding, blocks, finalNorm, head };
}

async function readBlock(config: ModelConfig, reader: WeightReader, layer: number): Promise<BlockWeights> {
  const { width, queryWidth, keyValueWidth, feedForwardWidth } = dimensions(config);
  const { attentionBias, feedForwardBias, headWidth, queryKeyNorm } = config;
  const at = (name: string) => `model.layers.${layer}.${name}`;
  const linear = async (name: string, [outWidth, inWidth]: [number, number], hasBias: boolean) => ({
    weight: await reader.matrix(at(`${name}.weight`), outWidth, inWidth),
    bias: hasBias ? await reader.vector(at(`${name}.bias`), outWidth) : null,
  });
  const qkvBias = attentionBias !== 'none';
  return {
    attentionNorm: await reader.vector(at('input_layernorm.weight'), width),
    q_proj: await linear('self_attn.q_proj', [queryWidth, width], qkvBias),
    k_proj: await linear('self_attn.k_proj', [keyValueWidth, width], qkvBias),
    v_proj: await linear('self_attn.v_proj', [keyValueWidth, width], qkvBias),
    o_proj: await linear('self_attn.o_proj', [width, queryWidth], attentionBias === 'qkvo'),
    queryNorm: queryKeyNorm ? await reader.vector(at('self_attn.q_norm.weight'), headWidth) : null,
    keyNorm: queryKeyNorm ? await reader.vector(at('self_attn.k_norm.weight'), headWidth) : null,
    feedForwardNorm: await reader.vector(at('post_attention_layernorm.weight'), width),
    gate_proj: await linear('mlp.gate_proj', [feedForwardWidth, width], feedForwardBias),
    up_proj: await linear('mlp.up_proj', [feedForwardWidth, width], feedForwardBias),
    down_proj: await linear('mlp.down_proj', [width, feedForwardWidth], feedForwardBias),
  } satisfies Record<string, FrozenLinear | tf.Tensor1D | null>;
}

/** Reads named tensors of a known shape onto the backend, and knows them all until the load has succeeded. */
class WeightReader {
  readonly #source: ModelSource;
  readonly #files: WeightFiles;
  readonly #options: LoadModelOptions;
  readonly #owned: { dispose(): void }[] = [];
  #loadedBytes = 0;

  constructor(source: ModelSource, files: WeightFiles, options: LoadModelOptions) {
    this.#source = source;
    this.#files = files;
    this.#options = options;
  }

  has(name: string): boolean {
    return this.#files.entries.has(name);
  }

  async matrix(name: string, rows: number, columns: number): Promise<FrozenMatrix> {
    return this.#own(new FrozenMatrix(await this.#read(name, [rows, columns]), rows, columns));
  }

  async vector(name: string, length: number): Promise<tf.Tensor1D> {
    return this.#own(tf.keep(tf.tensor1d(await this.#read(name, [length]))));
  }

  disposeAll(): void {
    for (const owned of this.#owned) owned.dispose();
  }

  #own<T extends { dispose(): void }>(tensor: T): T {
    this.#owned.push(tensor);
    return tensor;
  }

  async #read(name: string, shape: number[]): Promise<Float32Array> {
    this.#options.signal?.throwIfAborted();
    const entry = this.#entry(name, shape);
    const values = await readTensor(this.#source, entry);
    this.#loadedBytes += entry.end - entry.start;
    this.#options.onProgress?.(this.#loadedBytes, this.#files.bytes);
    return values;
  }

  #entry(name: string, shape: number[]): TensorEntry {
    const entry = this.#files.entries.get(name);
    if (!entry) throw new WeightsError('weights-missing-tensor', `${this.#source.describe()} has no tensor ${name}`);
    if (entry.shape.length !== shape.length || entry.shape.some((width, axis) => width !== shape[axis])) {
      const message = `${entry.file}: the tensor ${name} is [${entry.shape.join(', ')}] where config.json implies [${shape.join(', ')}]`;
      throw new WeightsError('weights-wrong-shape', message);
    }
    return entry;
  }
}
