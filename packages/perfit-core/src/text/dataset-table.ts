import papaparse from 'papaparse';
import type { RawRecord } from './dataset-json.ts';
import { RecordProblem } from './dataset-records.ts';

/** A table whose first row names its columns. CSV may be separated by commas, semicolons, tabs or bars. */
export function readTable(text: string, format: 'csv' | 'tsv'): RawRecord[] {
  const rows = readRows(text, format);
  const names = rows.shift()?.cells.map((cell) => cell.trim()) ?? [];
  return rows.map(({ line, cells }) => {
    if (cells.slice(names.length).some((cell) => cell.trim() !== '')) {
      const sentence = `This row has ${cells.length} cells, but there are ${names.length} columns.`;
      return { line, value: new RecordProblem('bad-row', sentence) };
    }
    return { line, value: Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ''])) };
  });
}

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

function readRows(text: string, format: 'csv' | 'tsv'): Row[] {
  const rows: Row[] = [];
  let line = 1;
  let from = 0;
  papaparse.parse<string[]>(text, {
    delimiter: format === 'tsv' ? '\t' : '',
    newline: '\n',
    step: ({ data, meta }) => {
      if (data.some((cell) => cell.trim() !== '')) rows.push({ line, cells: data });
      // A quoted cell may span lines: count those that this row took.
      for (; from < meta.cursor; from++) if (text[from] === '\n') line++;
    },
  });
  return rows;
}
