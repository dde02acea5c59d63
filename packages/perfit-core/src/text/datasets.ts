import { DataError } from './data-error.ts';
import { decodeDataset } from './dataset-file.ts';
import { type RawRecord, readJson, readJsonLines } from './dataset-json.ts';
import { readPassages } from './dataset-passages.ts';
import { RecordProblem, type RecordProblemCode, recordToExample } from './dataset-records.ts';
import { readTable } from './dataset-table.ts';
import type { Example } from './example.ts';

export type DatasetFormat = 'jsonl' | 'json' | 'csv' | 'tsv' | 'text';

export interface DatasetProblem {
  /** 1 is the file's first line. */
  readonly line: number;
  readonly code: RecordProblemCode;
  readonly message: string;
}

export interface ParsedDataset {
  readonly format: DatasetFormat;
  /** Without duplicates, in the file's order. */
  readonly examples: readonly Example[];
  /** How many examples were dropped because an equal one came before. */
  readonly duplicates: number;
  /** How many records gave no example; the first {@link MOST_PROBLEMS} of them are in `problems`. */
  readonly skipped: number;
  readonly problems: readonly DatasetProblem[];
}

/** Below this nothing can be held out and learned from at once. */
export const FEWEST_EXAMPLES = 8;
export const MOST_PROBLEMS = 200;

/**
 * A person's file to examples. The format follows the name's ending, or the content where the ending says nothing.
 * Records that cannot be used are skipped and reported.
 * @throws DataError where there is no text, too much, or too little that can be used; nothing else
 */
export function parseDataset(name: string, content: Uint8Array | string): ParsedDataset {
  const text = decodeDataset(name, content);
  const format = formatOf(name, text);
  const examples: Example[] = [];
  const problems: DatasetProblem[] = [];
  const seen = new Set<string>();
  let duplicates = 0;
  let skipped = 0;
  for (const { line, value } of readRecords(text, format)) {
    const example = value instanceof RecordProblem ? value : recordToExample(value);
    if (example instanceof RecordProblem) {
      skipped++;
      if (problems.length < MOST_PROBLEMS) problems.push({ line, code: example.code, message: example.message });
      continue;
    }
    const key = exampleKey(example);
    if (seen.has(key)) duplicates++;
    else examples.push(example);
    seen.add(key);
  }
  const data = { name, format, duplicates, skipped, problems };
  if (examples.length === 0) {
    const [first] = problems;
    const reason = first === undefined ? '' : ` Line ${first.line}: ${first.message}`;
    throw new DataError('data-no-examples', `Nothing in the file can be used as an example.${reason}`, data);
  }
  if (examples.length < FEWEST_EXAMPLES) {
    throw new DataError(
      'data-too-few',
      `The file has ${examples.length} usable ${examples.length === 1 ? 'example' : 'examples'}${
        duplicates > 0 ? ` (without ${duplicates} that came twice)` : ''
      }; at least ${FEWEST_EXAMPLES} are needed.`,
      { ...data, examples: examples.length, minimum: FEWEST_EXAMPLES },
    );
  }
  return { format, examples, duplicates, skipped, problems };
}

/** Equal for examples that differ in white space only. */
export function exampleKey(example: Example): string {
  const plain = (text: string) => text.replace(/\s+/g, ' ').trim();
  if ('text' in example) return JSON.stringify([plain(example.text)]);
  const messages =
    'messages' in example
      ? example.messages.map(({ role, content }) => [role, plain(content)])
      : [
          ['user', plain(example.instruction), ...(example.context ? [plain(example.context)] : [])],
          ['assistant', plain(example.response)],
        ];
  return JSON.stringify(messages);
}

function readRecords(text: string, format: DatasetFormat): RawRecord[] {
  switch (format) {
    case 'jsonl':
      return readJsonLines(text);
    case 'json':
      return readJson(text);
    case 'csv':
    case 'tsv':
      return readTable(text, format);
    case 'text':
      return readPassages(text);
  }
}

function formatOf(name: string, text: string): DatasetFormat {
  const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase();
  switch (ending) {
    case 'csv':
      return 'csv';
    case 'tsv':
    case 'tab':
      return 'tsv';
    case 'jsonl':
    case 'ndjson':
      // Some call a JSON array so.
      return text.trimStart().startsWith('[') ? 'json' : 'jsonl';
    case 'json':
      return 'json';
    case 'md':
    case 'markdown':
      return 'text';
    default:
      return looksLikeJsonRecords(text) ? 'json' : 'text';
  }
}

/** Whether text of an unknown ending is JSON: it begins with a list of objects, or its first line is an object. */
function looksLikeJsonRecords(text: string): boolean {
  if (/^\s*\[\s*\{\s*"/.test(text)) return true;
  const firstLine = text.trimStart().split('\n', 1)[0] as string;
  if (!firstLine.startsWith('{')) return false;
  try {
    JSON.parse(firstLine);
    return true;
  } catch {
    return false;
  }
}
