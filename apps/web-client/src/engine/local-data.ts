import {
  checkDatasetSize,
  type Example,
  parseDataset,
  splitExamples,
  type TokenizedExample,
  type Tokenizer,
  takeValidation,
  tokenizeSplit,
} from '@perfit/core';
import type { DataReport, DataRow, SplitSettings } from './engine-api.ts';

const PREVIEW_ROWS = 4;
const SHOWN_PROBLEMS = 8;

/** Reads a file only after its size is known to be bearable. @throws DataError */
export async function readContent(name: string, content: Blob): Promise<Uint8Array> {
  checkDatasetSize(name, content.size);
  return new Uint8Array(await content.arrayBuffer());
}

/** What is in a person's text, and how it is split (PF8). @throws DataError */
export function inspectDataset(
  name: string,
  bytes: Uint8Array,
  { heldOut: heldOutFraction, validation: share, seed }: SplitSettings,
): DataReport {
  const parsed = parseDataset(name, bytes);
  const { training: rest, heldOut } = splitExamples(parsed.examples, { heldOutFraction, seed });
  const { training, validation } = takeValidation(rest, { share, seed });
  const isHeldOut = new Set(heldOut);
  return {
    name,
    bytes: bytes.length,
    examples: { training: training.length, validation: validation.length, heldOut: heldOut.length },
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
 * @throws DataError
 */
export function prepareExamples(
  dataset: { readonly name: string; readonly bytes: Uint8Array },
  tokenizer: Tokenizer,
  options: Omit<SplitSettings, 'validation'> & { readonly maxLength: number },
): LocalExamples {
  const { training, heldOut, split } = tokenizeSplit(parseDataset(dataset.name, dataset.bytes), tokenizer, options);
  return { training, heldOut, question: split.heldOut.map((example) => rowOf(example).prompt).find(Boolean) ?? null };
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
