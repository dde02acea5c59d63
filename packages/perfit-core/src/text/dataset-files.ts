import { DataError } from './data-error.ts';
import type { ColumnMapping, ColumnRoles, DatasetColumn } from './dataset-columns.ts';
import { NO_ROLES } from './dataset-columns.ts';
import { checkDatasetSize, LARGEST_DATASET_BYTES } from './dataset-file.ts';
import { type DatasetFormat, type ReadFile, readDatasetFile } from './dataset-reading.ts';
import { RecordProblem, type RecordProblemCode } from './dataset-records.ts';
import type { Example } from './example.ts';
import { exampleKey } from './example-key.ts';

/** A person's file, or why it was not read. */
export interface DatasetFile {
  /** Within a folder with the path from there. */
  readonly name: string;
  readonly content: Uint8Array | string | DataError;
  readonly columns?: ColumnMapping;
}

export interface DatasetProblem {
  /** 1 is the file's first line. */
  readonly line: number;
  readonly code: RecordProblemCode;
  readonly message: string;
}

/** What one of several files gave. */
interface ParsedFile {
  readonly name: string;
  /** `null` where it could not be read. */
  readonly format: DatasetFormat | null;
  readonly columns: readonly DatasetColumn[];
  /** Which columns the examples were made of. */
  readonly roles: ColumnRoles;
  /** Without duplicates. */
  readonly examples: number;
  /** Examples dropped because an equal one came before, in it or in another file. */
  readonly duplicates: number;
  /** Those of `duplicates` whose equal is in another file. */
  readonly inOthers: number;
  /** How many records gave no example; the first {@link MAX_PROBLEMS} of them are in `problems`. */
  readonly skipped: number;
  readonly problems: readonly DatasetProblem[];
  /** Why it gave nothing. */
  readonly error: DataError | null;
}

export interface ParsedFiles {
  /** By name. */
  readonly files: readonly ParsedFile[];
  /** Without duplicates, file after file. */
  readonly examples: readonly Example[];
  /** For each example the index of its file. */
  readonly sources: readonly number[];
  readonly duplicates: number;
  readonly skipped: number;
  /** Why these examples cannot be tuned on. */
  readonly error: DataError | null;
}

/** Below this nothing can be held out and learned from at once. */
const FEWEST_EXAMPLES = 8;
const MAX_PROBLEMS = 200;
/** More are no folder of texts. */
export const MAX_FILES = 500;

/**
 * A person's files to examples, in the order of their names, so that a folder gives the same everywhere. What cannot be
 * used is passed over and reported; nothing is thrown.
 */
export function parseDatasetFiles(given: readonly DatasetFile[]): ParsedFiles {
  const files: ParsedFile[] = [];
  const examples: Example[] = [];
  const sources: number[] = [];
  const seen = new Map<string, number>();
  for (const file of given.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))) {
    const source = files.length;
    const read = readOrError(file);
    if (read instanceof DataError) {
      files.push({ ...NOTHING, name: file.name, error: read });
      continue;
    }
    const counts = { examples: 0, duplicates: 0, inOthers: 0, skipped: 0 };
    const problems: DatasetProblem[] = [];
    for (const { line, example } of read.error === null ? read.entries : []) {
      if (example instanceof RecordProblem) {
        counts.skipped++;
        if (problems.length < MAX_PROBLEMS) problems.push({ line, code: example.code, message: example.message });
        continue;
      }
      const key = exampleKey(example);
      const first = seen.get(key);
      if (first === undefined) {
        seen.set(key, source);
        examples.push(example);
        sources.push(source);
        counts.examples++;
      } else {
        counts.duplicates++;
        if (first !== source) counts.inOthers++;
      }
    }
    const { format, columns, roles } = read;
    const isEmpty = counts.examples + counts.duplicates === 0;
    const error = read.error ?? (isEmpty ? nothingUsable(file.name, problems) : null);
    files.push({ name: file.name, format, columns, roles, ...counts, problems, error });
  }
  const sum = (count: (file: ParsedFile) => number) => files.reduce((total, file) => total + count(file), 0);
  const duplicates = sum((file) => file.duplicates);
  const skipped = sum((file) => file.skipped);
  return { files, examples, sources, duplicates, skipped, error: refusalOf(files, examples.length, duplicates) };
}

/**
 * To be asked before files are read: for each of them `null`, or why it will not be. Sizes are bytes; together they may
 * have as many as one alone.
 */
export function admitFiles(files: readonly { readonly name: string; readonly size: number }[]): (DataError | null)[] {
  let admitted = 0;
  let bytes = 0;
  return files.map(({ name, size }) => {
    if (admitted >= MAX_FILES) {
      const sentence = `At most ${MAX_FILES} files are read; this one comes after them.`;
      return new DataError('data-too-large', sentence, { name, limit: MAX_FILES });
    }
    try {
      checkDatasetSize(name, size);
    } catch (error) {
      if (error instanceof DataError) return error;
      throw error;
    }
    if (bytes + size > LARGEST_DATASET_BYTES) {
      const limit = LARGEST_DATASET_BYTES / 1024 / 1024;
      const sentence = `With the files before it there would be more than the ${limit} MiB that can be read.`;
      return new DataError('data-too-large', sentence, { name, bytes: size, limit: LARGEST_DATASET_BYTES });
    }
    admitted++;
    bytes += size;
    return null;
  });
}

/** A file that is there and cannot be read. */
export function unreadable(name: string, cause: unknown): DataError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DataError('data-unreadable', `The file could not be read: ${reason}`, { name });
}

const NOTHING = {
  format: null,
  columns: [],
  roles: NO_ROLES,
  examples: 0,
  duplicates: 0,
  inOthers: 0,
  skipped: 0,
  problems: [],
} as const;

function readOrError({ name, content, columns = {} }: DatasetFile): ReadFile | DataError {
  if (content instanceof DataError) return content;
  try {
    return readDatasetFile(name, content, columns);
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
}

function nothingUsable(name: string, problems: readonly DatasetProblem[]): DataError {
  const [first] = problems;
  const reason = first === undefined ? '' : ` Line ${first.line}: ${first.message}`;
  return new DataError('data-no-examples', `Nothing in the file can be used as an example.${reason}`, {
    name,
    problems: problems.slice(0, 8),
  });
}

function refusalOf(files: readonly ParsedFile[], examples: number, duplicates: number): DataError | null {
  if (examples >= FEWEST_EXAMPLES) return null;
  const [first] = files;
  if (first === undefined) return new DataError('data-empty', 'There is no file.');
  if (files.length === 1 && first.error !== null) return first.error;
  if (examples === 0) {
    const refused = files.find(({ error }) => error !== null);
    const reason = refused ? ` ${refused.name}: ${refused.error?.message}` : '';
    return new DataError('data-no-examples', `None of the ${files.length} files can be used.${reason}`, {
      files: files.length,
    });
  }
  const have = files.length === 1 ? 'The file has' : `The ${files.length} files have`;
  const repeats = duplicates > 0 ? ` (without ${duplicates} that came twice)` : '';
  return new DataError(
    'data-too-few',
    `${have} ${examples} usable ${examples === 1 ? 'example' : 'examples'}${repeats}; at least ${FEWEST_EXAMPLES} are needed.`,
    { examples, duplicates, minimum: FEWEST_EXAMPLES },
  );
}
