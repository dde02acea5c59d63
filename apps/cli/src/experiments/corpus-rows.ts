import { readFileSync } from 'node:fs';
import { UsageError } from '../explain.ts';
import type { Row } from './partition.ts';
import type { DescribedClient } from './simulation-config.ts';

/**
 * The rows of a JSONL file or a JSON list, with all their fields: who chooses among them looks at some that no example has.
 * A text stands for a row of it alone. A task with `instances` (Self-Instruct's seed tasks, arXiv 2212.10560) is a row an
 * instance.
 * @param asked the config's field that names the file   @throws UsageError where it cannot be read
 */
export function readRows(file: string, asked: string): Row[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new UsageError(`${asked}: there is no file ${file} that can be read.`);
  }
  const rows = parseValues(text)?.flatMap(rowsOf) ?? [null];
  if (rows.every((row) => row !== null)) return rows;
  throw new UsageError(`${asked}: ${file} is neither JSONL nor a JSON list, of objects or of texts.`);
}

/** @throws UsageError where no row is such */
export function rowsWhere(rows: readonly Row[], where: DescribedClient['where'] = {}, asked: string): readonly Row[] {
  let left = rows;
  for (const [field, wanted] of Object.entries(where)) {
    const values: readonly unknown[] = Array.isArray(wanted) ? wanted : [wanted];
    const matching = left.filter((row) => values.includes(row[field]));
    if (matching.length === 0) throw new UsageError(`${asked}.where.${field}: ${nothingOf(left, field, values)}`);
    left = matching;
  }
  return left;
}

function nothingOf(rows: readonly Row[], field: string, values: readonly unknown[]): string {
  const known = [...new Set(rows.map((row) => row[field]).filter((value) => value !== undefined))];
  if (known.length === 0) return `no row has such a field; there are ${Object.keys(rows[0] ?? {}).join(', ')}.`;
  return `no row has ${values.join(' or ')} there; some have ${known.slice(0, 12).join(', ')}.`;
}

/** @returns null where the text is not JSON */
function parseValues(text: string): unknown[] | null {
  try {
    if (text.trimStart().startsWith('[')) return JSON.parse(text);
    const lines = text.split('\n').filter((line) => line.trim());
    return lines.map((line) => JSON.parse(line));
  } catch {
    return null;
  }
}

function rowsOf(value: unknown): (Row | null)[] {
  if (typeof value === 'string') return [{ text: value }];
  if (!isRow(value)) return [null];
  const { instances, ...task } = value;
  if (!Array.isArray(instances)) return [value];
  return instances.map((instance) => (isRow(instance) ? { ...task, ...instance } : null));
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
