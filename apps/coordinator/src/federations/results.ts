import type { RoundView } from '@perfit/protocol';

export interface ResultRow {
  readonly round: number;
  readonly attempt: number;
  readonly state: string;
  readonly client: string;
  readonly name: string;
  readonly examples: number;
  readonly weight: number;
  readonly norm: number;
  readonly bytes: number;
  readonly loss: number | null;
  readonly base: number | null;
  readonly received: number | null;
  readonly tuned: number | null;
  readonly receivedAt: string;
}

const columns = [
  'round',
  'attempt',
  'state',
  'client',
  'name',
  'examples',
  'weight',
  'norm',
  'bytes',
  'loss',
  'base',
  'received',
  'tuned',
  'receivedAt',
] as const satisfies readonly (keyof ResultRow)[];

/** [PF8] One row an accepted submission, with the perplexities that its client agreed to share. */
export function resultRows(rounds: readonly RoundView[]): ResultRow[] {
  return rounds.flatMap(({ number, attempt, state, submissions }) =>
    submissions.map(({ perplexity, ...submission }) => ({
      round: number,
      attempt,
      state,
      ...submission,
      base: perplexity?.base ?? null,
      received: perplexity?.received ?? null,
      tuned: perplexity?.tuned ?? null,
    })),
  );
}

/** RFC 4180; names are somebody else's text, and no spreadsheet takes one for a formula. */
export function resultsAsCsv(rows: readonly ResultRow[]): string {
  const lines = rows.map((row) => columns.map((column) => cell(row[column])).join(','));
  return [columns.join(','), ...lines].map((line) => `${line}\r\n`).join('');
}

/** OWASP, "CSV injection": what begins a formula is preceded by an apostrophe. */
const FORMULA = /^[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/;

function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) || text !== value ? `"${text.replaceAll('"', '""')}"` : text;
}
