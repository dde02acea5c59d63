import papaparse from 'papaparse';
import { DataError } from './data-error.ts';
import type { RawRecord } from './dataset-json.ts';
import { KNOWN_FIELDS, RecordProblem } from './dataset-records.ts';

/**
 * A table whose first row names its columns. CSV may be separated by commas, semicolons, tabs or bars.
 * @throws DataError `data-no-examples` where no column has a name that we know
 */
export function readTable(text: string, format: 'csv' | 'tsv'): RawRecord[] {
  const rows = readRows(text, format);
  const header = rows.shift();
  const names = header?.cells.map((cell) => cell.trim().toLowerCase()) ?? [];
  if (!names.some((name) => KNOWN_FIELDS.has(name))) {
    throw new DataError(
      'data-no-examples',
      `The first row must name the columns, for example "instruction" and "response"; it has ${names
        .slice(0, 6)
        .map((name) => `"${name.slice(0, 40)}"`)
        .join(', ')}.`,
      { columns: names.slice(0, 64) },
    );
  }
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
