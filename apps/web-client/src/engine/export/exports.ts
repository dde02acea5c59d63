import {
  dimensions,
  exportPeft,
  ggufModel,
  type ModelSource,
  mergedModel,
  parseModelConfig,
  type StreamedFile,
  type Tokenizer,
  wholeFile,
} from '@perfit/core';
import { layoutOf } from '@perfit/federation';
import { encodeMask } from '@perfit/protocol';
import { type Layout, layoutHash, type Mask } from '@perfit/protocol/space';
import type {
  ExportChoice,
  ExportChoices,
  ExportFormat,
  ExportsApi,
  GlobalAdapter,
} from '../../contract/exports-api.ts';
import { FailureError } from '../../contract/failure.ts';
import { outcomeOf, toFailure, whenDone } from '../failures.ts';
import { ExportFolder, sweepExports } from './export-folder.ts';

/** What is taken away: the personal module, and where its base model came from. */
export interface PersonalModel {
  readonly source: ModelSource;
  readonly tokenizer: Tokenizer;
  /** The repository on the Hub where it is known, else the folder's name. */
  readonly baseModel: string;
  /** The Hub's commit, where it is known. */
  readonly revision: string | null;
  readonly layout: Layout;
  readonly theta: Float32Array;
  readonly mask: Mask | null;
}

const FORMATS: readonly ExportFormat[] = ['adapter', 'merged', 'gguf-f16', 'gguf-q8_0'];

/** [PF9] The personal module as files, small ones in memory and large ones on disk. */
export class Exports {
  readonly #folder = new ExportFolder();
  readonly #personal: () => PersonalModel;
  #running: AbortController | null = null;
  /** Of the last call: two must not write to one folder. */
  #ended: Promise<unknown> = Promise.resolve();

  /** @param personal throws where there is none yet */
  constructor(personal: () => PersonalModel) {
    this.#personal = personal;
    sweepExports().catch(() => {}); // What is left is left until the next start.
  }

  async choices(): Promise<ExportChoices> {
    const personal = this.#personal();
    const choices: ExportChoice[] = [];
    for (const format of FORMATS) {
      try {
        const files = await filesOf(personal, format);
        const notice = files.map((file) => file.notice ?? null).find((text) => text !== null) ?? null;
        choices.push({ format, files: files.map(({ name, bytes }) => ({ name, bytes })), failure: null, notice });
      } catch (error) {
        choices.push({ format, files: [], failure: toFailure(error), notice: null });
      }
    }
    const { baseModel, tokenizer } = personal;
    return { baseModel, hasChatTemplate: tokenizer.chatTemplate !== null, choices };
  }

  /** Ends the one that runs, if any. @returns null where it was cancelled */
  async write(
    format: ExportFormat,
    onProgress: (bytes: number, total: number) => void,
  ): Promise<readonly File[] | null> {
    this.cancel();
    const mine = new AbortController();
    this.#running = mine;
    const writing = this.#ended.then(() => this.#write(format, onProgress, mine.signal));
    this.#ended = writing.catch(() => {});
    try {
      return await writing;
    } finally {
      if (this.#running === mine) this.#running = null;
    }
  }

  cancel(): void {
    this.#running?.abort();
  }

  async forget(): Promise<void> {
    if (!this.#running) await this.#folder.clear();
  }

  async #write(
    format: ExportFormat,
    onProgress: (bytes: number, total: number) => void,
    signal: AbortSignal,
  ): Promise<readonly File[] | null> {
    try {
      signal.throwIfAborted();
      await this.#folder.clear();
      const files = await filesOf(this.#personal(), format);
      if (format === 'adapter') return await Promise.all(files.map(inMemory));
      const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
      let done = 0;
      const onBytes = (bytes: number) => {
        done += bytes;
        onProgress(done, total);
      };
      return await this.#folder.write(files, { onBytes, signal });
    } catch (error) {
      await this.#folder.clear();
      if (signal.aborted) return null;
      throw error;
    }
  }
}

async function filesOf(personal: PersonalModel, format: ExportFormat): Promise<readonly StreamedFile[]> {
  const { source, tokenizer, baseModel, layout, theta } = personal;
  const adapter = { layout, theta };
  const name = `${baseModel.split('/').at(-1)}-tuned`;
  switch (format) {
    case 'adapter':
      return adapterFiles(personal);
    case 'merged':
      return await mergedModel({ source, adapter });
    case 'gguf-f16':
      return [await ggufModel({ source, adapter }, { type: 'f16', name, tokenizer })];
    case 'gguf-q8_0':
      return [await ggufModel({ source, adapter }, { type: 'q8_0', name, tokenizer })];
  }
}

/** @throws FailureError where θ is another model's */
async function globalAdapterFiles({ config, modelConfig, theta }: GlobalAdapter): Promise<readonly File[]> {
  const layout = layoutOf(config, dimensions(parseModelConfig(modelConfig)));
  if (theta.byteLength !== 4 * layout.size) {
    throw new FailureError({
      code: 'bad-message',
      message: `The adapter has not the shape that ${config.model} implies: has the coordinator another model by now?`,
    });
  }
  const about = { layout, theta: new Float32Array(theta), mask: null, baseModel: config.model, revision: null };
  return Promise.all((await adapterFiles(about)).map(inMemory));
}

type BareAdapter = Pick<PersonalModel, 'layout' | 'theta' | 'mask' | 'baseModel' | 'revision'>;

async function adapterFiles({ layout, theta, mask, baseModel, revision }: BareAdapter): Promise<StreamedFile[]> {
  const files = exportPeft(layout, theta, { baseModel, revision });
  const weights = files['adapter_model.safetensors'] as Uint8Array<ArrayBuffer>;
  const both = [
    wholeFile('adapter_config.json', files['adapter_config.json']),
    wholeFile('adapter_model.safetensors', weights),
  ];
  if (!mask) return both;
  const encoded = (await encodeMask(mask, await layoutHash(layout))) as Uint8Array<ArrayBuffer>;
  return [...both, wholeFile('mask.bin', encoded)];
}

async function inMemory(file: StreamedFile): Promise<File> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of file.chunks()) chunks.push(chunk);
  return new File(chunks, file.name);
}

export function exportsApi(exports: Exports): ExportsApi {
  return {
    exportChoices: () => outcomeOf(() => exports.choices()),
    exportAs: (format, onProgress) => outcomeOf(() => exports.write(format, onProgress)),
    globalAdapter: (adapter) => outcomeOf(() => globalAdapterFiles(adapter)),
    cancelExport: () => whenDone(() => exports.cancel()),
    forgetExports: () => whenDone(() => exports.forget()),
  };
}
