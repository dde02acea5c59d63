import * as tf from '@tensorflow/tfjs-core';
import { PRECISIONS, type Precision, type RoundedPrecision } from '../ops/packed-matrix/formats.ts';
import { openWeights } from '../weights/safetensors-reader.ts';
import type { ModelSource } from '../weights/source.ts';
import { ComposedModel } from './composed/composed-model.ts';
import { readComposed } from './composed/read-composed.ts';
import { type ModelConfig, parseModelConfig } from './config.ts';
import { assertHasTensors } from './expected-tensors.ts';
import type { LanguageModel } from './language-model.ts';
import { fileFormats, type MatrixFormats } from './packed/matrix-formats.ts';
import { weightBytes } from './packed/memory.ts';
import { PackedModel } from './packed/packed-model.ts';
import {
  heldAs,
  MAX_EXACT_BYTES,
  type MemoryPlan,
  type PlanGround,
  planMemory,
  type TuningWish,
  WASM_BUDGET,
} from './packed/plan-memory.ts';
import { currentPrograms } from './packed/programs.ts';
import { readPacked } from './packed/read-packed.ts';
import { WeightReader, type WeightReaderOptions } from './weight-reader.ts';

export interface LoadModelOptions extends WeightReaderOptions {
  /**
   * `own`: our programs, on WebGPU and WASM, and there the default. `composed`: tfjs' ops, on any backend; what ours are
   * held against.
   */
  readonly programs?: 'own' | 'composed';
  /**
   * How our programs hold the weights. Where absent, blocks of a GGUF file stay as they are, and others are rounded by the
   * model's size. Composed models compute in f32 with what is left of the weights then: a reference for the programs.
   */
  readonly precision?: RoundedPrecision;
  /** What weights that are in no blocks are held in where no precision is given; by the model's size where absent. */
  readonly automatic?: (config: ModelConfig) => RoundedPrecision;
  /** Keeps of each block its input alone and computes it twice; on in our programs unless said otherwise. */
  readonly checkpointing?: boolean;
  /** Rows of a batch that are computed at once. */
  readonly rowsAtOnce?: number;
  /** What is to be tuned: the model is loaded so that it fits, or refused. */
  readonly wish?: TuningWish;
}

/**
 * Loads a Llama-family model from a Hugging Face folder onto the current backend.
 * @throws ModelError where config.json is not one that we follow, or where the wish does not fit   @throws WeightsError where a weight is not as it says
 */
export async function loadModel(source: ModelSource, options: LoadModelOptions = {}): Promise<LanguageModel> {
  const config = parseModelConfig(await source.text('config.json'));
  const files = await openWeights(source);
  assertHasTensors(config, files.entries, source.describe());
  const reader = new WeightReader(source, files, options);
  const { programs = hasPrograms(config) ? 'own' : 'composed' } = options;
  try {
    const { precision } = options;
    if (programs === 'composed') {
      return new ComposedModel(config, await readComposed(config, reader, precision), options);
    }
    const inFile = fileFormats(config, files.entries);
    const on: PlanGround = { programs: currentPrograms().name, fileBytes: files.bytes, inFile };
    const wish = options.wish && { ...(precision ? { precision } : {}), ...options.wish };
    const plan = wish && planMemory(config, wish, on);
    const chosen = plan?.precision ?? precision ?? unaskedPrecision(config, on, options.automatic);
    const weights = await readPacked(config, reader, heldAs(chosen, inFile));
    return new PackedModel(config, weights, { ...options, ...(plan ? { ...plan, plan } : {}) });
  } catch (error) {
    reader.disposeAll();
    throw error;
  }
}

/** What a model's matrices lie in where they are in blocks, as its folder or file says before any of them is read. */
export async function formatsInFile(source: ModelSource): Promise<MatrixFormats | null> {
  const { entries } = await openWeights(source);
  const config = parseModelConfig(await source.text('config.json'));
  assertHasTensors(config, entries, source.describe());
  return fileFormats(config, entries);
}

/**
 * How {@link loadModel} would fit a tuning into the memory of a graphics processor, told before anything is fetched.
 * @returns null where tfjs' ops would compute, whose memory nobody predicts   @throws ModelError `model-too-large`
 */
export function planTuning(
  config: ModelConfig,
  wish: TuningWish,
  files: Pick<PlanGround, 'fileBytes' | 'inFile'>,
): MemoryPlan | null {
  return canPack(config) ? planMemory(config, wish, { programs: 'wgsl', ...files }) : null;
}

/** The same of the processor. @throws ModelError `model-too-large` */
export function planOnProcessor(config: ModelConfig, wish: TuningWish, files: Pick<PlanGround, 'inFile'>): MemoryPlan {
  return planMemory(config, wish, { programs: 'wasm', fileBytes: 0, ...files });
}

function unaskedPrecision(
  config: ModelConfig,
  { programs, fileBytes, inFile }: PlanGround,
  automatic?: LoadModelOptions['automatic'],
): Precision {
  if (inFile) return 'file';
  if (automatic) return automatic(config);
  if (programs === 'wasm') return processorPrecision(config);
  return fileBytes <= MAX_EXACT_BYTES ? 'f32' : 'f16';
}

/** The finest in which weights that are not in blocks leave half of WebAssembly's memory for what is done with them. */
export function processorPrecision(config: ModelConfig): RoundedPrecision {
  return PRECISIONS.find((precision) => weightBytes(config, precision) <= WASM_BUDGET / 2) ?? 'int4';
}

/** Whether our programs compute on the current backend. */
function hasPrograms(config: ModelConfig): boolean {
  return tf.getBackend() === 'wasm' || (tf.getBackend() === 'webgpu' && canPack(config));
}

/** Whether our attention on WebGPU takes the model's heads: by four features at a time. */
function canPack({ headWidth }: ModelConfig): boolean {
  return headWidth % 4 === 0 && headWidth <= 256;
}
