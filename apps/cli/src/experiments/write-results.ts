import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderReport } from '../report/render-report.ts';
import { renderCsv, renderJson, renderTable } from './render-results.ts';
import { summarize } from './results.ts';
import type { Results } from './results-file.ts';

/** `results.json`, `results.csv` and `report.html`. @returns the table, for the terminal */
export async function writeResults(folder: string, results: Results): Promise<string> {
  const table = summarize(results.cells);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'results.json'), renderJson(results, table));
  writeFileSync(join(folder, 'results.csv'), renderCsv(results));
  writeFileSync(join(folder, 'report.html'), await renderReport(results, table));
  return renderTable(table);
}
