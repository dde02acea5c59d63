import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import {
  type BackendDescription,
  type LanguageModel,
  type LoadModelOptions,
  loadModel,
  loadTokenizer,
  type ModelTuner,
  type OpenedTuner,
  type Tokenizer,
} from '@perfit/core';
import { directorySource, nodeBackend } from '@perfit/core/node';
import { UsageError } from './explain.ts';

export type BackendChoice = 'wasm' | 'webgpu';

export interface OpenModel {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly backend: BackendDescription;
  readonly name: string;
}

/** A Hugging Face folder, loaded onto the chosen backend. @throws UsageError */
export async function openModel(
  folder: string,
  backend: BackendChoice,
  options: LoadModelOptions = {},
): Promise<OpenModel> {
  if (!statSync(resolve(folder), { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`There is no model folder ${folder}.`);
  const description = await nodeBackend({ prefer: backend });
  const source = directorySource(resolve(folder));
  const tokenizer = await loadTokenizer(source);
  return { model: await loadModel(source, options), tokenizer, backend: description, name: basename(resolve(folder)) };
}

/** What opens a tuner: over the model that is there at first, and over one that is loaded anew after its device was lost. */
export function reopening(
  first: LanguageModel,
  of: { load: () => Promise<LanguageModel>; tunerOf: (model: LanguageModel) => ModelTuner },
): () => Promise<OpenedTuner> {
  let waiting: LanguageModel | null = first;
  return async () => {
    const model = waiting ?? (await of.load());
    waiting = null;
    return { tuner: of.tunerOf(model), dispose: () => model.dispose() };
  };
}
