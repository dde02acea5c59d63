import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderConvergence, renderCsv, renderJson, renderTable } from '../experiments/render-results.ts';
import { summarize } from '../experiments/results.ts';
import type { Results } from '../experiments/results-file.ts';
import { renderReport } from './render-report.ts';

/** `results.json`, `results.csv` and `report.html`. @returns the table, for the terminal */
export async function writeResults(folder: string, results: Results): Promise<string> {
  const table = summarize(results.cells);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'results.json'), renderJson(results, table));
  writeFileSync(join(folder, 'results.csv'), renderCsv(results));
  writeFileSync(join(folder, 'report.html'), await renderReport(results, table));
  return [renderTable(table), renderConvergence(results)].filter(Boolean).join('\n');
}
