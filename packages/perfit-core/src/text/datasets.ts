import type { ColumnMapping } from './dataset-columns.ts';
import type { DatasetProblem } from './dataset-files.ts';
import { parseDatasetFiles } from './dataset-files.ts';
import type { DatasetFormat } from './dataset-reading.ts';
import type { Example } from './example.ts';

export interface ParsedDataset {
  readonly format: DatasetFormat;
  /** Without duplicates, in the file's order. */
  readonly examples: readonly Example[];
  /** How many examples were dropped because an equal one came before. */
  readonly duplicates: number;
  /** How many records gave no example; the first of them are in `problems`. */
  readonly skipped: number;
  readonly problems: readonly DatasetProblem[];
}

/**
 * A person's file to examples: one file as {@link parseDatasetFiles} reads several.
 * @throws DataError where there is no text, too much, or too little that can be used; nothing else
 */
export function parseDataset(name: string, content: Uint8Array | string, columns: ColumnMapping = {}): ParsedDataset {
  const { files, examples, duplicates, skipped, error } = parseDatasetFiles([{ name, content, columns }]);
  const [file] = files;
  if (error !== null) throw error;
  const { format, problems } = file as { format: DatasetFormat; problems: readonly DatasetProblem[] };
  return { format, examples, duplicates, skipped, problems };
}
