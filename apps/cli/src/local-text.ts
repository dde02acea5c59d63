import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import {
  admitFiles,
  COLUMN_ROLES,
  type ColumnMapping,
  type ColumnRole,
  type DataError,
  type ParsedFiles,
  parseDatasetFiles,
  type TokenizedSplit,
  type Tokenizer,
  type TokenizeSplitOptions,
  tokenizeSplit,
  unreadable,
} from '@perfit/core';
import { InvalidArgumentError, Option } from 'commander';
import { UsageError } from './explain.ts';

export interface LocalText extends TokenizedSplit {
  readonly dataset: ParsedFiles;
}

interface ReadOptions extends TokenizeSplitOptions {
  readonly tokenizer: Tokenizer;
  readonly columns?: ColumnMapping;
}

/** A person's text: parsed, split by the seed (PF8), tokenised to at most `maxLength`. @throws UsageError, DataError */
export function readLocalText(path: string, { tokenizer, columns, ...options }: ReadOptions): LocalText {
  const dataset = readDataset(path, columns);
  return { dataset, ...tokenizeSplit(dataset, tokenizer, options) };
}

/**
 * A file, or a folder with all files in it, hidden ones excepted.
 * @throws UsageError where there is none   @throws DataError where it cannot be tuned on
 */
export function readDataset(path: string, columns: ColumnMapping = {}): ParsedFiles {
  const root = resolve(path);
  const isFolder = statSync(root, { throwIfNoEntry: false })?.isDirectory();
  if (isFolder === undefined) throw new UsageError(`There is no file ${path}.`);
  const paths = isFolder ? filesIn(root) : [root];
  const files = paths.map((file) => ({
    file,
    name: isFolder ? relative(root, file).split(sep).join('/') : basename(file),
    size: statSync(file).size,
  }));
  const refusals = admitFiles(files);
  const dataset = parseDatasetFiles(
    files.map(({ file, name }, i) => ({ name, content: refusals[i] ?? contentOf(file, name), columns })),
  );
  if (dataset.error !== null) throw dataset.error;
  return dataset;
}

function contentOf(file: string, name: string): Uint8Array | DataError {
  try {
    return readFileSync(file);
  } catch (cause) {
    return unreadable(name, cause);
  }
}

/** Links to files count as files; folders that are links could lead in a circle. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.'))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesIn(path);
      return statSync(path, { throwIfNoEntry: false })?.isFile() ? [path] : [];
    });
}

/** What was passed over, for standard error. */
export function describeProblems({ dataset, cut, dropped }: Pick<LocalText, 'dataset' | 'cut' | 'dropped'>): string[] {
  const { files, skipped, duplicates } = dataset;
  const isOne = files.length === 1;
  const unusable = files.flatMap(({ name, error }) => (error === null ? [] : [`${name}: ${error.message}`]));
  const rows = files
    .filter(({ error }) => error === null)
    .flatMap(({ name, problems }) =>
      problems.slice(0, 5).map(({ line, message }) => `${isOne ? '' : `${name}, `}line ${line}: ${message}`),
    );
  const lines = [...unusable, ...rows];
  if (skipped > rows.length) lines.push(`${skipped} rows in all could not be used`);
  if (duplicates) lines.push(`${duplicates} rows repeat others and were left out`);
  if (cut) lines.push(`${cut} examples were longer than the limit and were cut`);
  if (dropped) lines.push(`${dropped} examples have nothing that the model can learn from and were left out`);
  return lines;
}

/** `--columns instruction=Frage,response=Antwort`; `context=` leaves a part out. */
export function columnsOption(): Option {
  return new Option(
    '--columns <mapping>',
    `which column or field is what, where their names do not say: ${COLUMN_ROLES.map((role) => `${role}=NAME`).join(',')}`,
  ).argParser(parseColumns);
}

function parseColumns(value: string): ColumnMapping {
  const mapping: Partial<Record<ColumnRole, string | null>> = {};
  for (const part of value.split(',')) {
    const [name = '', ...rest] = part.split('=');
    const role = COLUMN_ROLES.find((known) => known === name.trim());
    if (role === undefined || rest.length === 0) {
      throw new InvalidArgumentError(
        `"${part}" is not one of ${COLUMN_ROLES.map((known) => `${known}=NAME`).join(', ')}.`,
      );
    }
    mapping[role] = rest.join('=').trim() || null;
  }
  return mapping;
}
