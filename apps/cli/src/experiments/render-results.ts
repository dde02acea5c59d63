import type { Summary, TableRow } from './results.ts';
import type { Results } from './results-file.ts';
import type { Comparison, Estimate } from './statistics.ts';

/** `results.json`. */
export function renderJson({ cells, masks, setup }: Results, table: readonly TableRow[]): string {
  const summary: Summary[] = table.map(({ experiment, strategy, setting, perplexity, againstFedit }) => ({
    experiment,
    strategy,
    setting,
    perplexity,
    againstFedit,
  }));
  // A line a row: such files are read by people, and compared.
  const list = (items: readonly object[]) =>
    `[\n${items.map((item) => `    ${JSON.stringify(item)}`).join(',\n')}\n  ]`;
  const fields = [
    `"cells": ${list(cells)}`,
    `"summary": ${list(summary)}`,
    ...(masks.length > 0 ? [`"masks": ${list(masks)}`] : []),
    ...(setup ? [`"setup": ${JSON.stringify(setup)}`] : []),
  ];
  return `{\n  ${fields.join(',\n  ')}\n}\n`;
}

const CSV_COLUMNS = [
  'experiment',
  'strategy',
  'setting',
  'seed',
  'client',
  'round',
  'base',
  'received',
  'tuned',
  'after',
  'validationReceived',
  'validationTuned',
  'validationAfter',
  'trainable',
  'bytesUp',
  'bytesDown',
  'seconds',
] as const;

/** What was not measured is empty. */
export function renderCsv({ cells }: Pick<Results, 'cells'>): string {
  const lines = cells.map(({ perplexity, validation, ...row }) => {
    const figures: Record<(typeof CSV_COLUMNS)[number], string | number | undefined> = {
      ...row,
      ...perplexity,
      after: perplexity.after,
      validationReceived: validation?.received,
      validationTuned: validation?.tuned,
      validationAfter: validation?.after,
    };
    return CSV_COLUMNS.map((column) => field(figures[column] ?? '')).join(',');
  });
  return `${[CSV_COLUMNS.join(','), ...lines].join('\n')}\n`;
}

const HEADINGS = [
  'strategy',
  'setting',
  'leaves',
  'perplexity',
  'received, last',
  'tuned, last',
  'x FedIT [95 %], p',
  'x FedIT tuned [95 %], p',
  'x FedIT+FT [95 %], p',
  'trainable',
  'kB up',
  'kB down',
  'seconds',
];
/** Of text, not of figures. */
const TEXT_COLUMNS = 3;

/** A Markdown table, so that it can be read in a terminal and put into a page as it is. */
export function renderTable(table: readonly TableRow[]): string {
  const rows = table.map((row) => [
    row.strategy,
    row.setting,
    row.result,
    formatEstimate(row.perplexity),
    formatEstimate(row.received),
    formatEstimate(row.tuned),
    formatComparison(row.comparisons.fedit),
    formatComparison(row.comparisons.feditTuned),
    formatComparison(row.comparisons.feditThenLocal),
    String(Math.round(row.trainable)),
    (row.bytesUp / 1000).toFixed(0),
    (row.bytesDown / 1000).toFixed(0),
    row.seconds.toFixed(1),
  ]);
  const widths = HEADINGS.map((heading, i) =>
    Math.max(heading.length, ...rows.map((row) => (row[i] as string).length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, i) => pad(text, widths[i] as number, i)).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i < TEXT_COLUMNS ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return `${[line(HEADINGS), rule, ...rows.map(line)].join('\n')}\n`;
}

export function formatEstimate({ mean, standardError }: Estimate): string {
  return standardError === null ? mean.toFixed(2) : `${mean.toFixed(2)} ± ${standardError.toFixed(2)}`;
}

function formatComparison(comparison: Comparison | null): string {
  if (!comparison) return '-';
  const { ratio, low, high, p } = comparison;
  return `${ratio.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}] ${formatP(p)}`;
}

export function formatP(p: number): string {
  return p < 0.001 ? '<0.001' : p.toFixed(3);
}

function pad(text: string, width: number, column: number): string {
  return column < TEXT_COLUMNS ? text.padEnd(width) : text.padStart(width);
}

function field(value: string | number): string {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
