import { readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import {
  type BackendDescription,
  checkDatasetSize,
  type LanguageModel,
  type LoadModelOptions,
  loadModel,
  loadTokenizer,
  type ModelTuner,
  type OpenedTuner,
  type ParsedDataset,
  parseDataset,
  type TokenizedSplit,
  type Tokenizer,
  type TokenizeSplitOptions,
  tokenizeSplit,
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

export interface LocalText extends TokenizedSplit {
  readonly dataset: ParsedDataset;
}

/** A person's file: parsed, split by the seed (PF8), tokenised to at most `maxLength`. */
export function readLocalText(
  file: string,
  { tokenizer, ...options }: TokenizeSplitOptions & { readonly tokenizer: Tokenizer },
): LocalText {
  const dataset = readDataset(file);
  return { dataset, ...tokenizeSplit(dataset, tokenizer, options) };
}

export function readDataset(file: string): ParsedDataset {
  const path = resolve(file);
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw new UsageError(`There is no file ${file}.`);
  checkDatasetSize(basename(path), size);
  return parseDataset(basename(path), readFileSync(path));
}

/** What was passed over in a file, for standard error. */
export function describeProblems({ dataset, cut, dropped }: Pick<LocalText, 'dataset' | 'cut' | 'dropped'>): string[] {
  const lines = dataset.problems.slice(0, 5).map(({ line, message }) => `line ${line}: ${message}`);
  if (dataset.skipped > lines.length) lines.push(`${dataset.skipped} rows in all could not be used`);
  if (dataset.duplicates) lines.push(`${dataset.duplicates} rows repeat others and were left out`);
  if (cut) lines.push(`${cut} examples were longer than the limit and were cut`);
  if (dropped) lines.push(`${dropped} examples have nothing that the model can learn from and were left out`);
  return lines;
}
