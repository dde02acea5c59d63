import { basename } from 'node:path';
import {
  assertHasTensors,
  modelAt,
  openWeights,
  parseModelConfig,
  ModelError as UnfollowedModelError,
  WeightsError,
} from '@perfit/core/files';
import type { ModelFile } from './model-catalogue.ts';
import { ModelError } from './model-error.ts';
import { ReadOnce } from './read-once.ts';

/** The files of a Hugging Face folder that describe a model, without its weights. */
const DESCRIPTIONS = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'generation_config.json'];

/** What a GGUF file is worth: the description of its model by the names of those files, or why it cannot be read. */
type Description = { readonly texts: ReadonlyMap<string, string> } | { readonly problem: string };

/** What GGUF files say of themselves. It is asked for at every look at the list, so each is read once a content. */
export class GgufFiles {
  private readonly descriptions = new ReadOnce<Description>();

  /** The text of a file that Hugging Face would have; null where it would have none. @throws ModelError */
  async text(file: ModelFile, name: string): Promise<string | null> {
    const description = await this.describe(file);
    if ('texts' in description) return description.texts.get(name) ?? null;
    throw new ModelError(`The model "${file.id}" cannot be used. ${description.problem}`);
  }

  /** In a sentence for the operator; null where its description, and where its tensors lie, are as they should be. */
  async problem(file: ModelFile): Promise<string | null> {
    const description = await this.describe(file);
    return 'problem' in description ? description.problem : null;
  }

  private describe(file: ModelFile): Promise<Description> {
    return this.descriptions.of([file], () => describe(file.path));
  }
}

async function describe(path: string): Promise<Description> {
  try {
    const model = await modelAt(path);
    const { entries } = await openWeights(model);
    assertHasTensors(parseModelConfig(await model.text('config.json')), entries, basename(path));
    const texts = await Promise.all(DESCRIPTIONS.map(async (name) => [name, await model.text(name)] as const));
    return { texts: new Map(texts) };
  } catch (error) {
    if (error instanceof WeightsError) return { problem: error.message };
    if (error instanceof UnfollowedModelError) return { problem: `${basename(path)}: ${error.message}` };
    throw error;
  }
}
