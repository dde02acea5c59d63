import * as tf from '@tensorflow/tfjs-core';
import type { Precision } from '../ops/packed-matrix/formats.ts';
import { openWeights } from '../weights/safetensors-reader.ts';
import type { ModelSource } from '../weights/source.ts';
import { planComposed } from './composed/composed-memory.ts';
import { ComposedModel } from './composed/composed-model.ts';
import { readComposed } from './composed/read-composed.ts';
import { type ModelConfig, parseModelConfig } from './config.ts';
import type { LanguageModel } from './language-model.ts';
import { PackedModel } from './packed/packed-model.ts';
import { type MemoryPlan, planMemory, type TuningWish } from './packed/plan-memory.ts';
import { readPacked } from './packed/read-packed.ts';
import { WeightReader, type WeightReaderOptions } from './weight-reader.ts';

export interface LoadModelOptions extends WeightReaderOptions {
  /**
   * `wgsl`: our own programs, on WebGPU only, and there the default. `composed`: tfjs' ops, on any backend; what the
   * others are held against.
   */
  readonly programs?: 'wgsl' | 'composed';
  /**
   * How WGSL programs hold the weights; by the model's size where absent, f32 or f16. Composed models
   * compute in f32 with what is left of the weights then: a reference for the programs.
   */
  readonly precision?: Precision;
  /** Keeps of each block its input alone and computes it twice; on in WGSL programs unless said otherwise. */
  readonly checkpointing?: boolean;
  /** Of tfjs' ops: rows of a batch that are computed at once. */
  readonly rowsAtOnce?: number;
  /** What is to be tuned: the model is loaded so that it fits, or refused. Of tfjs' ops on WASM only. */
  readonly wish?: TuningWish;
}

/**
 * Loads a Llama-family model from a Hugging Face folder onto the current backend.
 * @throws ModelError where config.json is not one that we follow, or where the wish does not fit   @throws WeightsError where a weight is not as it says
 */
export async function loadModel(source: ModelSource, options: LoadModelOptions = {}): Promise<LanguageModel> {
  const config = parseModelConfig(await source.text('config.json'));
  const files = await openWeights(source);
  const reader = new WeightReader(source, files, options);
  const { programs = tf.getBackend() === 'webgpu' && canPack(config) ? 'wgsl' : 'composed' } = options;
  try {
    const { precision } = options;
    if (programs === 'composed') {
      const plan = options.wish && tf.getBackend() === 'wasm' ? planComposed(config, options.wish) : null;
      const model = new ComposedModel(config, await readComposed(config, reader, precision), { ...options, plan });
      if (plan) model.prepareGradients();
      return model;
    }
    const exact = files.bytes <= MOST_EXACT_BYTES;
    const plan = options.wish && planMemory(config, { ...(precision ? { precision } : {}), ...options.wish }, exact);
    const weights = await readPacked(config, reader, plan?.precision ?? precision ?? (exact ? 'f32' : 'f16'));
    return new PackedModel(config, weights, { ...options, ...(plan ? { ...plan, plan } : {}) });
  } catch (error) {
    reader.disposeAll();
    throw error;
  }
}

/**
 * How {@link loadModel} would fit a tuning into the memory of a graphics processor, told before anything is fetched.
 * @param fileBytes of the weights' files
 * @returns null where tfjs' ops would compute, whose memory nobody predicts   @throws ModelError `model-too-large`
 */
export function planTuning(config: ModelConfig, wish: TuningWish, fileBytes: number): MemoryPlan | null {
  return canPack(config) ? planMemory(config, wish, fileBytes <= MOST_EXACT_BYTES) : null;
}

/** Whether our attention takes the model's heads: by four features at a time. */
function canPack({ headWidth }: ModelConfig): boolean {
  return headWidth % 4 === 0 && headWidth <= 256;
}

/** Small models lose nothing by staying in f32; the others are held in f16, as their authors publish them. */
export const MOST_EXACT_BYTES = 64 << 20;
