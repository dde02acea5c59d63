import {
  admitFiles,
  checkDatasetSize,
  type DatasetFile,
  type Example,
  parseDatasetFiles,
  type TokenizedExample,
  type Tokenizer,
  tokenizeSplit,
} from '@perfit/core';
import type { ColumnMapping, LocalFile, SplitSettings } from './engine-api.ts';

/** A file of a person's text, read. */
export interface ReadFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly columns?: ColumnMapping;
}

/** Reads a file only after its size is known to be bearable. @throws DataError */
export async function readContent(name: string, content: Blob): Promise<Uint8Array> {
  checkDatasetSize(name, content.size);
  return new Uint8Array(await content.arrayBuffer());
}

/** Reads files of a bearable size, all together too; for the others says why not. */
export async function readFiles(files: readonly LocalFile[]): Promise<DatasetFile[]> {
  const refusals = admitFiles(files.map(({ name, content }) => ({ name, size: content.size })));
  return Promise.all(
    files.map(async ({ name, content, columns = {} }, i) => ({
      name,
      content: refusals[i] ?? (await readContent(name, content)),
      columns,
    })),
  );
}

/** Of a text that was looked at before: those files of it that can be read. */
export async function filesToKeep(files: readonly LocalFile[]): Promise<ReadFile[]> {
  return (await readFiles(files)).flatMap(({ name, content, columns }) =>
    content instanceof Uint8Array ? [{ name, bytes: content, ...(columns ? { columns } : {}) }] : [],
  );
}

export interface LocalExamples {
  readonly training: readonly TokenizedExample[];
  readonly heldOut: readonly TokenizedExample[];
  /** A prompt of the held-out rows. */
  readonly question: string | null;
}

/**
 * The text as the model reads it.
 * @param maxLength T
 * @throws DataError
 */
export function prepareExamples(
  dataset: { readonly files: readonly ReadFile[] },
  tokenizer: Tokenizer,
  options: Omit<SplitSettings, 'validation'> & { readonly maxLength: number },
): LocalExamples {
  const parsed = parseDatasetFiles(
    dataset.files.map(({ name, bytes, columns = {} }) => ({ name, content: bytes, columns })),
  );
  if (parsed.error !== null) throw parsed.error;
  const { training, heldOut, split } = tokenizeSplit(parsed, tokenizer, options);
  return { training, heldOut, question: split.heldOut.map((example) => partsOf(example).prompt).find(Boolean) ?? null };
}

/** An example as a row of a table; of a conversation the first question and the last answer. */
export function partsOf(example: Example): { prompt: string; response: string; responses: number } {
  if ('text' in example) return { prompt: '', response: example.text, responses: 1 };
  if ('messages' in example) {
    const prompt = example.messages.find(({ role }) => role === 'user')?.content ?? '';
    const answers = example.messages.filter(({ role, content }) => role === 'assistant' && content !== '');
    return { prompt, response: answers.at(-1)?.content ?? '', responses: answers.length };
  }
  const { instruction, context, response } = example;
  return { prompt: context ? `${instruction}\n\n${context}` : instruction, response, responses: 1 };
}
