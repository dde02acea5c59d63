import {
  type BackendDescription,
  type LanguageModel,
  type LoadModelOptions,
  type LocalTuner,
  loadModel,
  loadTokenizer,
  type ModelConfig,
  type ModelSource,
  type OpenedTuner,
  type Tokenizer,
  type TuningWish,
  tuningBudget,
} from '@perfit/core';
import { modelAt, modelName, nodeBackend } from '@perfit/core/node';

export type BackendChoice = 'wasm' | 'webgpu';

/** A tuning that is wished for has as much memory as there is. */
type OpenOptions = Omit<LoadModelOptions, 'wish'> & {
  readonly wish?: Omit<TuningWish, 'budget' | 'orLeast'>;
  /** Of that memory; all where absent. */
  readonly share?: number;
  /** Of the WASM backend; one where absent. */
  readonly threads?: number;
  /** The model at that path, where somebody has opened it already: a file's description is read once. */
  readonly source?: ModelSource;
};

export interface LoadedModel {
  readonly model: LanguageModel;
  readonly backend: BackendDescription;
  readonly name: string;
}

export interface OpenModel extends LoadedModel {
  readonly tokenizer: Tokenizer;
}

/** A model on disk with its tokenizer, loaded onto the chosen backend. @throws WeightsError where there is none */
export async function openModel(path: string, backend: BackendChoice, options: OpenOptions = {}): Promise<OpenModel> {
  const source = options.source ?? (await modelAt(path));
  const tokenizer = await loadTokenizer(source);
  return { ...(await loaded(source, { path, backend, options })), tokenizer };
}

/** The same without a tokenizer. @throws WeightsError */
export async function openWeights(
  path: string,
  backend: BackendChoice,
  options: OpenOptions = {},
): Promise<LoadedModel> {
  return await loaded(options.source ?? (await modelAt(path)), { path, backend, options });
}

async function loaded(
  source: ModelSource,
  { path, backend, options }: { path: string; backend: BackendChoice; options: OpenOptions },
): Promise<LoadedModel> {
  const { wish, share = 1, threads = 1, source: _, ...others } = options;
  const description = await nodeBackend({ prefer: backend, threads });
  const fitting = wish ? { wish: { ...wish, ...tuningBudget(description, share) } } : {};
  return { model: await loadModel(source, { ...others, ...fitting }), backend: description, name: modelName(path) };
}

/** The longest row that the model has positions for; where that is less than what was asked for, it is said. */
export function withinPositions(maxLength: number, { contextLength }: Pick<ModelConfig, 'contextLength'>): number {
  if (maxLength <= contextLength) return maxLength;
  process.stderr.write(`The model sees ${contextLength} tokens at most: texts are cut to that, not to ${maxLength}.\n`);
  return contextLength;
}

/** What opens a tuner: over the model that is there at first, and over one that is loaded anew after its device was lost. */
export function reopening(
  first: LanguageModel,
  of: { load: (share: number) => Promise<LanguageModel>; tunerOf: (model: LanguageModel) => LocalTuner },
): (share: number) => Promise<OpenedTuner> {
  let waiting: LanguageModel | null = first;
  return async (share) => {
    const model = waiting ?? (await of.load(share));
    waiting = null;
    return { tuner: of.tunerOf(model), dispose: () => model.dispose() };
  };
}
