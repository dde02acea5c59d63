import {
  admitFiles,
  type ChatMessage,
  checkDatasetSize,
  type DatasetFile,
  type Example,
  type ParsedFiles,
  parseDatasetFiles,
  splitExamples,
  type TokenizedExample,
  type Tokenizer,
  tokenizeSplit,
  unreadable,
} from '@perfit/core';
import { seededRandom } from '@perfit/protocol/space';
import type { ColumnMapping, LocalFile, SplitSettings } from '../../contract/data-api.ts';

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
      content: refusals[i] ?? (await readContent(name, content).catch((cause) => unreadable(name, cause))),
      columns,
    })),
  );
}

/** A text as it was looked at: all of it, or nothing. @throws DataError where a file is not there any more */
export async function filesToKeep(files: readonly LocalFile[]): Promise<ReadFile[]> {
  const read = await readFiles(files);
  return read.map(({ name, content, columns }) => {
    if (!(content instanceof Uint8Array)) throw content;
    return { name, bytes: content, ...(columns ? { columns } : {}) };
  });
}

/**
 * So many of the examples, one by lot out of each stretch of equal length: spread over all, in step with nothing that
 * repeats in them, and of the same text always the same.
 * @param most absent is all
 */
export function thinned(parsed: ParsedFiles, most?: number): ParsedFiles {
  const { examples, sources } = parsed;
  const all = examples.length;
  if (most === undefined || most >= all) return parsed;
  const lot = seededRandom(most);
  const places = Array.from({ length: most }, (_, i) => Math.floor(((i + lot()) * all) / most));
  return {
    ...parsed,
    examples: places.map((place) => examples[place] as Example),
    sources: places.map((place) => sources[place] as number),
  };
}

/** A person's text, and how much of it is used: absent is all. */
export interface KeptText {
  readonly files: readonly ReadFile[];
  readonly most?: number;
}

export interface LocalExamples {
  readonly training: readonly TokenizedExample[];
  readonly heldOut: readonly TokenizedExample[];
  /** The held-out ones before tokenising, also what was dropped. */
  readonly heldOutTexts: readonly Example[];
  /** A prompt of the held-out rows. */
  readonly question: string | null;
}

/**
 * The text as the model reads it.
 * @param maxLength T
 * @throws DataError
 */
export function prepareExamples(
  dataset: KeptText,
  tokenizer: Tokenizer,
  options: Pick<SplitSettings, 'heldOut' | 'seed'> & { readonly maxLength: number },
): LocalExamples {
  const { training, heldOut, split } = tokenizeSplit({ examples: examplesOf(dataset) }, tokenizer, options);
  const question = split.heldOut.map(questionOf).find(Boolean) ?? null;
  return { training, heldOut, heldOutTexts: split.heldOut, question };
}

/** [PF8] The examples that are never trained on: the same ones as {@link prepareExamples} has. @throws DataError */
export function heldOutExamples(
  dataset: KeptText,
  { heldOut, seed }: Pick<SplitSettings, 'heldOut' | 'seed'>,
): readonly Example[] {
  return splitExamples(examplesOf(dataset), { heldOutFraction: heldOut, seed }).heldOut;
}

function examplesOf(dataset: KeptText): readonly Example[] {
  const whole = parseDatasetFiles(
    dataset.files.map(({ name, bytes, columns = {} }) => ({ name, content: bytes, columns })),
  );
  const parsed = thinned(whole, dataset.most);
  if (parsed.error !== null) throw parsed.error;
  return parsed.examples;
}

/** An example as a row of a table; of a conversation the last question and its answer. */
export function partsOf(example: Example): { prompt: string; response: string; responses: number } {
  if ('text' in example) return { prompt: '', response: example.text, responses: 1 };
  if ('messages' in example) {
    const { messages } = example;
    const last = messages.findLastIndex(isAnswer);
    const question = messages.slice(0, last).findLast(({ role }) => role === 'user');
    return {
      prompt: question?.content ?? '',
      response: messages[last]?.content ?? '',
      responses: messages.filter(isAnswer).length,
    };
  }
  const { instruction, context, response } = example;
  return { prompt: context ? `${instruction}\n\n${context}` : instruction, response, responses: 1 };
}

function isAnswer({ role, content }: ChatMessage): boolean {
  return role === 'assistant' && content !== '';
}

/** What to try a model with: how a conversation begins, or what is asked. */
function questionOf(example: Example): string {
  if (!('messages' in example)) return partsOf(example).prompt;
  return example.messages.find(({ role }) => role === 'user')?.content ?? '';
}
