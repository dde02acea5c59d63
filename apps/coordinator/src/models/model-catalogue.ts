import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  isGguf,
  modelAt,
  parseModelConfig,
  rateRecipe,
  type TextNotes,
  TOKENIZER_FILE_NAMES,
  textNotesOf,
  ModelError as UnfollowedModelError,
  WeightsError,
} from '@perfit/core/files';
import { modelIdSchema, type OperatorModel } from '@perfit/protocol';
import type { ModelDimensions } from '@perfit/protocol/space';
import { z } from 'zod';
import { StartupError } from '../startup-error.ts';
import { GgufFiles } from './gguf-files.ts';
import { MissingModelError, ModelError } from './model-error.ts';
import { ReadOnce } from './read-once.ts';
import { ValuesCheck } from './values-check.ts';
import { WeightsCheck } from './weights-problem.ts';

const width = z.number().int().positive();

/** What the layout needs of a Hugging Face config.json; everything else in it is the clients' affair. */
const modelConfigSchema = z.object({
  hidden_size: width,
  intermediate_size: width,
  num_hidden_layers: width,
  num_attention_heads: width,
  num_key_value_heads: width.optional(),
  head_dim: width.nullish(),
});

/** Only such files of a model's folder are ever served. */
const SERVED = /^[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.(json|safetensors|gguf|txt|model|jinja)$/;

/** Files that say how text becomes tokens. */
const TELLS_OF_TEXT: ReadonlySet<string> = new Set(TOKENIZER_FILE_NAMES);

export interface ModelFile {
  /** Of its model. */
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly stats: Stats;
}

/** The base models that lie in a directory: one folder a model, named by its id. */
export class ModelCatalogue {
  private readonly directory: string;
  private readonly ggufs = new GgufFiles();
  private readonly weights = new WeightsCheck(this.ggufs);
  private readonly texts = new ReadOnce<TextNotes>();
  private readonly values = new ValuesCheck();

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async open(directory: string): Promise<ModelCatalogue> {
    const found = await stat(directory).catch(() => null);
    if (!found?.isDirectory()) {
      throw new StartupError('models-missing', `There is no models directory at ${directory}.`);
    }
    return new ModelCatalogue(directory);
  }

  /** Ends what goes on behind those who asked. */
  async close(): Promise<void> {
    await this.values.close();
  }

  async list(): Promise<string[]> {
    const ids: string[] = [];
    for (const entry of await readdir(this.directory, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const names = (await this.files(entry.name)).map(({ name }) => name);
      if (names.some(isOfModel)) ids.push(entry.name);
    }
    return ids.sort();
  }

  /** What looks like a model and is not in the {@link list}, with a sentence for the operator that says why. */
  async leftOut(): Promise<{ name: string; why: string }[]> {
    const found: { name: string; why: string }[] = [];
    for (const entry of await readdir(this.directory, { withFileTypes: true })) {
      const why = await this.whyLeftOut(entry);
      if (why !== null) found.push({ name: entry.name, why });
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  private async whyLeftOut(entry: Dirent): Promise<string | null> {
    const { name } = entry;
    const path = join(this.directory, name);
    if (entry.isFile()) {
      return isGguf(name) ? `The file ${name} is not offered: each model has a folder of its own.` : null;
    }
    const inside = await readdir(path).catch(() => []);
    if (entry.isSymbolicLink()) {
      const isModel = isGguf(name) || inside.some(isOfModel);
      return isModel
        ? `${name} is not offered: it is a link, and only what lies in the folder itself is served.`
        : null;
    }
    if (modelIdSchema.safeParse(name).success) return this.whyNoModelIn(name, inside);
    if (!inside.some(isOfModel)) return null;
    return `The folder "${name}" is not offered: a model's name has letters, digits, ".", "_" and "-" alone, and 80 at most.`;
  }

  private async whyNoModelIn(id: string, names: readonly string[]): Promise<string | null> {
    if ((await this.files(id)).some(({ name }) => isOfModel(name))) return null;
    const unserved = names.find((name) => /\.gguf$/i.test(name) || name === 'config.json');
    if (unserved === undefined) return null;
    return `The folder ${id} has no model that is offered: ${unserved} is no plain file whose name has letters, digits, ".", "_" and "-" alone and ends in small letters.`;
  }

  /** @throws ModelError where there is no such model, or its config.json is not one of the Llama family */
  async dimensions(id: string): Promise<ModelDimensions> {
    const config = await this.parsedConfig(id);
    const headWidth = config.head_dim ?? config.hidden_size / config.num_attention_heads;
    if (!Number.isInteger(headWidth)) {
      throw new ModelError(`The config.json of the model "${id}" has heads that do not divide its width.`);
    }
    return {
      layers: config.num_hidden_layers,
      width: config.hidden_size,
      queryWidth: config.num_attention_heads * headWidth,
      keyValueWidth: (config.num_key_value_heads ?? config.num_attention_heads) * headWidth,
      feedForwardWidth: config.intermediate_size,
    };
  }

  /** The text of its config.json, or of the one that its GGUF file is worth. @throws ModelError */
  async config(id: string): Promise<string> {
    const file = (await this.files(id)).find(({ name }) => name === 'config.json');
    const text = file ? await readFile(file.path, 'utf8') : await this.describedByGguf(id, 'config.json');
    if (text === null) throw new MissingModelError(`There is no model "${id}" in the models directory.`);
    return text;
  }

  /** A file that a model's folder would have if it were not a GGUF file; null where that says nothing of it. @throws ModelError */
  async describedByGguf(id: string, name: string): Promise<string | null> {
    const gguf = (await this.files(id)).find((file) => isGguf(file.name));
    return gguf ? await this.ggufs.text(gguf, name) : null;
  }

  private async parsedConfig(id: string): Promise<z.infer<typeof modelConfigSchema>> {
    const text = await this.config(id);
    const parsed = modelConfigSchema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    const refusal = refusalOf(text);
    if (refusal !== null) throw new ModelError(`The model "${id}" cannot be used. ${refusal}`);
    const where = parsed.error.issues[0]?.path.join('.') || 'its content';
    throw new ModelError(`The config.json of the model "${id}" is not of the Llama family: ${where} is wrong.`);
  }

  /** What a model of its size is tuned with as a rule; null where its size cannot be told. */
  async recipe(id: string): Promise<OperatorModel['recipe']> {
    try {
      return rateRecipe(parseModelConfig(await this.config(id)));
    } catch (error) {
      if (error instanceof ModelError || error instanceof UnfollowedModelError) return null;
      throw error;
    }
  }

  /** What whoever tunes it should know of how it lays conversations out, in sentences; nothing where it cannot be loaded. */
  async notes(id: string): Promise<readonly string[]> {
    return (await this.textNotes(id)).notes;
  }

  /** Of how it reads and writes text; where its weights cannot be read, what says so of them is enough. */
  private async textNotes(id: string): Promise<TextNotes> {
    const nothing = { problem: null, notes: [] };
    const [first, ...more] = (await this.files(id)).filter(({ name }) => isGguf(name) || TELLS_OF_TEXT.has(name));
    if (!first) return nothing;
    return await this.texts.of([first, ...more], async () => {
      try {
        return await textNotesOf(await modelAt(this.whereIs(first)));
      } catch (error) {
        if (error instanceof WeightsError) return nothing;
        throw error;
      }
    });
  }

  /** Of a model by one of its files: its folder, or its GGUF file. */
  private whereIs({ id, name, path }: ModelFile): string {
    return isGguf(name) ? path : join(this.directory, id);
  }

  /** Why nobody can load the model as it lies there, in a sentence for the operator; null where it can be loaded. */
  async problem(id: string): Promise<string | null> {
    try {
      await this.usable(id);
      return null;
    } catch (error) {
      if (error instanceof ModelError) return error.message;
      throw error;
    }
  }

  /**
   * Refuses a model of which a part is there, as while its folder is copied. One without weights passes: clients may
   * have theirs from elsewhere.
   * @throws ModelError
   */
  async assertNotIncomplete(id: string): Promise<void> {
    const problem = await this.weights.problem(await this.files(id));
    if (problem?.kind === 'incomplete') throw new ModelError(`The model "${id}" cannot be used. ${problem.text}`);
  }

  /** The served files of a model that can be loaded, by name. @throws ModelError */
  async usable(id: string): Promise<ModelFile[]> {
    await this.dimensions(id);
    const files = await this.files(id);
    const problem = await this.weights.problem(files);
    const text = problem?.text ?? (await this.textNotes(id)).problem ?? (await this.valuesProblem(files));
    if (text) throw new ModelError(`The model "${id}" cannot be used. ${text}`);
    return files;
  }

  private async valuesProblem(files: readonly ModelFile[]): Promise<string | null> {
    const [first, ...more] = files.filter(({ name }) => isGguf(name) || name.endsWith('.safetensors'));
    return first ? await this.values.problem([first, ...more], this.whereIs(first)) : null;
  }

  /** Bytes of the model's files, as a client would load them. */
  async bytes(id: string): Promise<number> {
    return (await this.files(id)).reduce((sum, file) => sum + file.stats.size, 0);
  }

  /**
   * What lies directly in a model's folder and may be served, by name: without safetensors a GGUF file is all of a model,
   * and beside them it is left out.
   */
  async files(id: string): Promise<ModelFile[]> {
    if (!modelIdSchema.safeParse(id).success) return [];
    const names = await readdir(join(this.directory, id)).catch(() => []);
    const files = await Promise.all(names.sort().map((name) => this.file(id, name)));
    const served = files.filter((file) => file !== null);
    const hasSafetensors = served.some(({ name }) => name.endsWith('.safetensors'));
    const isGgufAlone = !hasSafetensors && served.some(({ name }) => isGguf(name));
    return served.filter(({ name }) => isGguf(name) === isGgufAlone);
  }

  /** A file that may be served: by its name, directly in its model's folder, and no link to elsewhere. */
  async file(id: string, name: string): Promise<ModelFile | null> {
    if (!modelIdSchema.safeParse(id).success || !SERVED.test(name)) return null;
    const folder = join(this.directory, id);
    const path = join(folder, name);
    const [folderStats, stats] = await Promise.all([lstat(folder).catch(() => null), lstat(path).catch(() => null)]);
    return folderStats?.isDirectory() && stats?.isFile() ? { id, name, path, stats } : null;
  }
}

/** A folder with such a file is a model's. */
function isOfModel(name: string): boolean {
  return name === 'config.json' || isGguf(name);
}

/** What whoever loads it would say of a config.json that is one; null where it is none. */
function refusalOf(text: string): string | null {
  try {
    parseModelConfig(text);
    return null;
  } catch (error) {
    return error instanceof UnfollowedModelError ? error.message : null;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
