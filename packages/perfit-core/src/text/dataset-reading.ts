import { DataError } from './data-error.ts';
import {
  type ColumnMapping,
  type ColumnRoles,
  columnKey,
  columnRoles,
  columnsOf,
  type DatasetColumn,
  hasUsableColumn,
  NO_ROLES,
} from './dataset-columns.ts';
import { decodeDataset } from './dataset-file.ts';
import { joinMessages, type RawRecord, readJson, readJsonLines } from './dataset-json.ts';
import { readPassages } from './dataset-passages.ts';
import { RecordProblem, recordToExample } from './dataset-records.ts';
import { readTable } from './dataset-table.ts';
import type { Example } from './example.ts';

export type DatasetFormat = 'jsonl' | 'json' | 'csv' | 'tsv' | 'text';

/** What one file has in it, before anything is counted. */
export interface ReadFile {
  readonly format: DatasetFormat;
  /** None where it is not made of records. */
  readonly columns: readonly DatasetColumn[];
  readonly roles: ColumnRoles;
  readonly entries: readonly { readonly line: number; readonly example: Example | RecordProblem }[];
  /** Where no column is one that can be used. */
  readonly error: DataError | null;
}

/**
 * The format follows the name's ending, or the content where the ending says nothing.
 * @throws DataError where there is no text, or too much
 */
export function readDatasetFile(name: string, content: Uint8Array | string, mapping: ColumnMapping): ReadFile {
  const text = decodeDataset(name, content);
  const format = formatOf(name, text);
  const records = readRecords(text, format);
  const columns = columnsOf(records.map(({ value }) => (value instanceof RecordProblem ? null : value)));
  const entries = records.map(({ line, value }) => ({
    line,
    example: value instanceof RecordProblem ? value : recordToExample(value, mapping),
  }));
  const isTable = format === 'csv' || format === 'tsv';
  const keys = new Set(columns.map((column) => columnKey(column.name)));
  const error = isTable && columns.length > 0 && !hasUsableColumn(keys, mapping) ? noKnownColumn(columns) : null;
  return { format, columns, roles: columns.length > 0 ? columnRoles(columns, mapping) : NO_ROLES, entries, error };
}

function noKnownColumn(columns: readonly DatasetColumn[]): DataError {
  const names = columns.map(({ name }) => name);
  const shown = names.slice(0, 6).map((name) => `"${name.slice(0, 40)}"`);
  return new DataError(
    'data-no-examples',
    `The first row must name the columns, for example "instruction" and "response"; it has ${shown.join(', ')}.`,
    { columns: names },
  );
}

function readRecords(text: string, format: DatasetFormat): RawRecord[] {
  switch (format) {
    case 'jsonl':
      return joinMessages(readJsonLines(text));
    case 'json':
      return joinMessages(readJson(text));
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
