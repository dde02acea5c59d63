import { groupOf, type Summary, type TableRow } from './results.ts';
import type { Results } from './results-file.ts';
import { type Comparison, type Estimate, groupBy, mean, smallestP } from './statistics.ts';

/** `results.json`. */
export function renderJson({ cells, masks, steps, setup }: Results, table: readonly TableRow[]): string {
  const summary = table.map(
    (row): Summary => ({
      experiment: row.experiment,
      strategy: row.strategy,
      setting: row.setting,
      perplexity: row.perplexity,
      againstFedit: row.againstFedit,
      kept: row.kept,
      againstAlone: row.againstAlone,
      againstFeditFt: row.againstFeditFt,
      againstFeditReceived: row.againstFeditReceived,
      worseOff: row.worseOff,
    }),
  );
  // A line a row: such files are read by people, and compared.
  const list = (items: readonly object[]) =>
    `[\n${items.map((item) => `    ${JSON.stringify(item)}`).join(',\n')}\n  ]`;
  const fields = [
    `"cells": ${list(cells)}`,
    `"summary": ${list(summary)}`,
    ...(masks.length > 0 ? [`"masks": ${list(masks)}`] : []),
    ...(steps.length > 0 ? [`"steps": ${list(steps)}`] : []),
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
  'together',
  'alone',
  'kept',
  'keptOf',
  'trainable',
  'bytesUp',
  'bytesDown',
  'seconds',
] as const;

/** What was not measured is empty. */
export function renderCsv({ cells }: Pick<Results, 'cells'>): string {
  const lines = cells.map(({ perplexity, validation, conclusion, ...row }) => {
    const figures: Record<(typeof CSV_COLUMNS)[number], string | number | undefined> = {
      ...row,
      ...perplexity,
      after: perplexity.after,
      validationReceived: validation?.received,
      validationTuned: validation?.tuned,
      validationAfter: validation?.after,
      together: conclusion?.perplexity.together,
      alone: conclusion?.perplexity.alone ?? undefined,
      kept: conclusion?.perplexity.kept,
      keptOf: conclusion?.of,
    };
    return CSV_COLUMNS.map((column) => field(figures[column] ?? '')).join(',');
  });
  return `${[CSV_COLUMNS.join(','), ...lines].join('\n')}\n`;
}

interface Column {
  readonly heading: string;
  readonly isText?: true;
  readonly of: (row: TableRow) => string;
}

const COLUMNS: readonly Column[] = [
  { heading: 'strategy', isText: true, of: ({ strategy }) => strategy },
  { heading: 'setting', isText: true, of: ({ setting }) => setting },
  { heading: 'leaves', isText: true, of: ({ result }) => result },
  { heading: 'perplexity', of: ({ perplexity }) => formatEstimate(perplexity) },
  { heading: 'received, last', of: ({ received }) => formatEstimate(received) },
  { heading: 'tuned, last', of: ({ tuned }) => formatEstimate(tuned) },
  { heading: 'x FedIT [95 %], p', of: ({ comparisons }) => formatComparison(comparisons.fedit) },
  { heading: 'x FedIT tuned [95 %], p', of: ({ comparisons }) => formatComparison(comparisons.feditTuned) },
  { heading: 'x FedIT+FT [95 %], p', of: ({ comparisons }) => formatComparison(comparisons.feditThenLocal) },
  { heading: 'trainable', of: ({ trainable }) => String(Math.round(trainable)) },
  { heading: 'kB up', of: ({ bytesUp }) => (bytesUp / 1000).toFixed(0) },
  { heading: 'kB down', of: ({ bytesDown }) => (bytesDown / 1000).toFixed(0) },
  { heading: 'seconds', of: ({ seconds }) => seconds.toFixed(1) },
];

const KEPT_COLUMNS: readonly Column[] = [
  { heading: 'what is kept', isText: true, of: ({ strategy }) => strategy },
  { heading: 'setting', isText: true, of: ({ setting }) => setting },
  { heading: 'perplexity', of: ({ kept }) => formatEstimate(kept) },
  { heading: 'x alone [95 %], p (Holm)', of: ({ keptAgainst }) => formatKept(keptAgainst.alone) },
  { heading: 'worse off', of: ({ worseOff }) => (worseOff === null ? '-' : `${Math.round(100 * worseOff)} %`) },
  { heading: 'x FedIT+FT [95 %], p (Holm)', of: ({ keptAgainst }) => formatKept(keptAgainst.feditThenLocal) },
  { heading: 'x FedIT received [95 %], p (Holm)', of: ({ keptAgainst }) => formatKept(keptAgainst.feditReceived) },
];

/**
 * [PF6] Whether a method converges: how far its commits move θ_g, and how good what everybody receives is, round by round.
 * Empty where nothing was kept of it.
 */
export function renderConvergence({ cells, steps }: Pick<Results, 'cells' | 'steps'>): string {
  const groups = groupBy(steps, groupOf);
  if (groups.size === 0) return '';
  const lines = [...groups.values()].map((own) => {
    const { strategy, setting } = own[0] as (typeof own)[number];
    const rows = cells.filter((row) => groupOf(row) === groupOf({ strategy, setting }));
    const moved = byRound(own.flatMap((one) => one.steps.map((value, i) => ({ round: i + 1, value }))));
    const received = byRound(rows.map(({ round, perplexity }) => ({ round, value: Math.log(perplexity.received) })));
    return [
      strategy,
      setting,
      moved.map((step) => step.toPrecision(3)).join(' '),
      received.map((log) => Math.exp(log).toFixed(1)).join(' '),
    ];
  });
  const headings = ['by round', 'setting', 'how far θ_g moved', 'perplexity received (geometric mean)'];
  return markdown([headings, ...lines], () => true);
}

function byRound(values: readonly { readonly round: number; readonly value: number }[]): number[] {
  const groups = groupBy(values, ({ round }) => String(round));
  return [...groups].sort(([a], [b]) => Number(a) - Number(b)).map(([, own]) => mean(own.map(({ value }) => value)));
}

/**
 * Markdown tables, so that they can be read in a terminal and put into a page as they are: what the methods leave, and what
 * their clients keep.
 */
export function renderTable(table: readonly TableRow[]): string {
  return [tableOf(table, COLUMNS), tableOf(table, KEPT_COLUMNS), ...caution(table)].join('\n');
}

function tableOf(table: readonly TableRow[], columns: readonly Column[]): string {
  const headings = columns.map(({ heading }) => heading);
  const rows = table.map((row) => columns.map((column) => column.of(row)));
  return markdown([headings, ...rows], (column) => columns[column]?.isText === true);
}

function markdown(
  [headings = [], ...rows]: readonly (readonly string[])[],
  isText: (column: number) => boolean,
): string {
  const widths = headings.map((heading, i) =>
    Math.max(heading.length, ...rows.map((row) => (row[i] as string).length)),
  );
  const pad = (text: string, i: number) =>
    isText(i) ? text.padEnd(widths[i] as number) : text.padStart(widths[i] as number);
  const line = (cells: readonly string[]) => `| ${cells.map(pad).join(' | ')} |`;
  const rule = widths.map((width, i) => (isText(i) ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return `${[line(headings), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n')}\n`;
}

/** What no p-value of these tables can say, however large a difference is. */
function caution(table: readonly TableRow[]): string[] {
  const against = table.flatMap(({ keptAgainst }) => keptAgainst.alone ?? keptAgainst.feditThenLocal ?? []);
  const [{ clients } = { clients: 0 }] = against;
  if (clients === 0) return [];
  const least = smallestP(clients) * against.length;
  if (least <= 0.05) return [];
  const strategies = against.length === 1 ? '' : ` and ${against.length} strategies`;
  return [
    `Nothing here can be significant: with ${clients} ${clients === 1 ? 'client' : 'clients'}${strategies} p (Holm) is at least ${formatP(Math.min(1, least))}, whatever the difference.\n`,
  ];
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

function formatKept(comparison: (Comparison & { readonly pHolm: number }) | null): string {
  return comparison ? formatComparison({ ...comparison, p: comparison.pHolm }) : '-';
}

function field(value: string | number): string {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
