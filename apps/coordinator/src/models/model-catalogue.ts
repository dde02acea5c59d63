import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  isGguf,
  modelAt,
  parseModelConfig,
  rateRecipe,
  TOKENIZER_FILE_NAMES,
  templateNotesOf,
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
import { TokenizerCheck } from './tokenizer-problem.ts';
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
  vocab_size: width.optional(),
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
  private readonly tokenizers = new TokenizerCheck();
  private readonly layouts = new ReadOnce<string[]>();

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

  async list(): Promise<string[]> {
    const ids: string[] = [];
    for (const entry of await readdir(this.directory, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const names = (await this.files(entry.name)).map(({ name }) => name);
      if (names.some((name) => name === 'config.json' || isGguf(name))) ids.push(entry.name);
    }
    return ids.sort();
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
    const parsed = modelConfigSchema.safeParse(parseJson(await this.config(id)));
    if (parsed.success) return parsed.data;
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
  async notes(id: string): Promise<string[]> {
    const [first, ...more] = (await this.files(id)).filter(({ name }) => isGguf(name) || TELLS_OF_TEXT.has(name));
    if (!first) return [];
    const where = isGguf(first.name) ? first.path : join(this.directory, id);
    return await this.layouts.of([first, ...more], async () => {
      try {
        return await templateNotesOf(await modelAt(where));
      } catch (error) {
        if (error instanceof WeightsError) return [];
        throw error;
      }
    });
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
  async mustNotBeIncomplete(id: string): Promise<void> {
    const problem = await this.weights.problem(await this.files(id));
    if (problem?.kind === 'incomplete') throw new ModelError(`The model "${id}" cannot be used. ${problem.text}`);
  }

  /** The served files of a model that can be loaded, by name. @throws ModelError */
  async usable(id: string): Promise<ModelFile[]> {
    await this.dimensions(id);
    const files = await this.files(id);
    const problem = await this.weights.problem(files);
    const { vocab_size: vocabSize } = await this.parsedConfig(id);
    const text = problem?.text ?? (await this.tokenizers.problem(files, vocabSize));
    if (text) throw new ModelError(`The model "${id}" cannot be used. ${text}`);
    return files;
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
