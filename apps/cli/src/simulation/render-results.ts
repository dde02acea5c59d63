import type { Estimate, ResultRow, Summary, TableRow } from './results.ts';

/** `results.json`. */
export function renderJson(rows: readonly ResultRow[], table: readonly TableRow[]): string {
  const summary: Summary[] = table.map(({ experiment, strategy, setting, perplexity, againstFedit }) => ({
    experiment,
    strategy,
    setting,
    perplexity,
    againstFedit,
  }));
  // A line a row: such files are read by people, and compared.
  const lines = (items: readonly object[]) => items.map((item) => `    ${JSON.stringify(item)}`).join(',\n');
  return `{\n  "cells": [\n${lines(rows)}\n  ],\n  "summary": [\n${lines(summary)}\n  ]\n}\n`;
}

export function renderCsv(rows: readonly ResultRow[]): string {
  const header =
    'experiment,strategy,setting,seed,client,round,base,received,tuned,trainable,bytesUp,bytesDown,seconds';
  const lines = rows.map((row) => {
    const { base, received, tuned } = row.perplexity;
    const names = [row.experiment, row.strategy, row.setting, row.seed, row.client, row.round];
    return [...names, base, received, tuned, row.trainable, row.bytesUp, row.bytesDown, row.seconds]
      .map(cell)
      .join(',');
  });
  return `${[header, ...lines].join('\n')}\n`;
}

const HEADINGS = [
  'strategy',
  'setting',
  'received',
  'tuned, last',
  'tuned, best (round)',
  'x FedIT [95 %]',
  'trainable',
  'kB up',
  'kB down',
  'seconds',
];

/** A Markdown table, so that it can be read in a terminal and put into a page as it is. */
export function renderTable(table: readonly TableRow[]): string {
  const rows = table.map((row) => [
    row.strategy,
    row.setting,
    of(row.received),
    of(row.perplexity),
    `${of(row.best)} (${row.best.round})`,
    row.againstFedit
      ? `${row.againstFedit.ratio.toFixed(3)} [${row.againstFedit.low.toFixed(3)}, ${row.againstFedit.high.toFixed(3)}]`
      : '-',
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
  const rule = `| ${widths.map((width, i) => (i < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return `${[line(HEADINGS), rule, ...rows.map(line)].join('\n')}\n`;
}

function of({ mean, standardError }: Estimate): string {
  return standardError === null ? mean.toFixed(2) : `${mean.toFixed(2)} ± ${standardError.toFixed(2)}`;
}

function pad(text: string, width: number, column: number): string {
  return column < 2 ? text.padEnd(width) : text.padStart(width);
}

function cell(value: string | number): string {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
