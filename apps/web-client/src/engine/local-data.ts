import {
  checkDatasetSize,
  type Example,
  type ParsedDataset,
  parseDataset,
  splitExamples,
  type TokenizedExample,
  type Tokenizer,
  tokenizeExamples,
} from '@perfit/core';
import { FailureError } from '../shared/failure/failure.ts';
import type { DataReport, DataRow, SplitSettings } from './engine-api.ts';

const PREVIEW_ROWS = 4;
const SHOWN_PROBLEMS = 8;

/** Reads a file only after its size is known to be bearable. @throws DataError */
export async function readContent(name: string, content: Blob): Promise<Uint8Array> {
  checkDatasetSize(name, content.size);
  return new Uint8Array(await content.arrayBuffer());
}

/** What is in a person's text, and how it is split (PF8). @throws DataError */
export function inspectDataset(name: string, bytes: Uint8Array, split: SplitSettings): DataReport {
  const parsed = parseDataset(name, bytes);
  const { training, heldOut } = splitOf(parsed, split);
  const isHeldOut = new Set(heldOut);
  return {
    name,
    bytes: bytes.length,
    examples: { training: training.length, heldOut: heldOut.length },
    preview: parsed.examples.slice(0, PREVIEW_ROWS).map((example) => ({
      ...rowOf(example),
      heldOut: isHeldOut.has(example),
    })),
    problems: parsed.problems.slice(0, SHOWN_PROBLEMS),
    problemCount: parsed.skipped,
    duplicates: parsed.duplicates,
  };
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
 * @throws DataError   @throws FailureError `data-no-examples` where nothing is left after tokenising
 */
export function prepareExamples(
  dataset: { readonly name: string; readonly bytes: Uint8Array },
  tokenizer: Tokenizer,
  { maxLength, ...split }: SplitSettings & { readonly maxLength: number },
): LocalExamples {
  const { training, heldOut } = splitOf(parseDataset(dataset.name, dataset.bytes), split);
  const tokenize = (examples: readonly Example[]) => tokenizeExamples(examples, tokenizer, { maxLength }).examples;
  const prepared = { training: tokenize(training), heldOut: tokenize(heldOut) };
  if (!prepared.training.length || !prepared.heldOut.length) {
    throw new FailureError({
      code: 'data-no-examples',
      message: 'The model can read none of the examples on one side of the split. Give more text, or longer responses.',
    });
  }
  return { ...prepared, question: heldOut.map((example) => rowOf(example).prompt).find(Boolean) ?? null };
}

function splitOf({ examples }: ParsedDataset, { heldOut, seed }: SplitSettings) {
  return splitExamples(examples, { heldOutFraction: heldOut, seed });
}

function rowOf(example: Example): Pick<DataRow, 'prompt' | 'response'> {
  if ('text' in example) return { prompt: '', response: example.text };
  if ('messages' in example) {
    const prompt = example.messages.find(({ role }) => role === 'user')?.content ?? '';
    const response = example.messages.findLast(({ role }) => role === 'assistant')?.content ?? '';
    return { prompt, response };
  }
  const { instruction, context, response } = example;
  return { prompt: context ? `${instruction}\n\n${context}` : instruction, response };
}
