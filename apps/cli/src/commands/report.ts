import { writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { renderTable } from '../experiments/render-results.ts';
import { summarize } from '../experiments/results.ts';
import { readResults, resultsFileAt } from '../experiments/results-file.ts';
import { UsageError } from '../explain.ts';
import { renderReport } from '../report/render-report.ts';

interface Flags {
  readonly out?: string;
}

export function reportCommand(): Command {
  return new Command('report')
    .description('makes the report of a simulation from its results.json, without running anything')
    .argument('<results>', 'a results.json of `perfit simulate`, or the folder that has one')
    .option('--out <file>', 'where the page goes (report.html beside results.json, NAME.html beside NAME.json)')
    .action(report);
}

async function report(place: string, flags: Flags): Promise<void> {
  const results = readResults(place);
  const table = summarize(results.cells);
  const file = resolve(flags.out ?? pageBeside(resultsFileAt(place)));
  const page = await renderReport(results, table);
  try {
    writeFileSync(file, page);
  } catch (error) {
    throw new UsageError(`The report cannot be written to ${file}: ${(error as Error).message}`);
  }
  process.stdout.write(renderTable(table));
  process.stderr.write(`Report: ${file}\n`);
}

function pageBeside(results: string): string {
  const name = basename(results);
  return join(dirname(results), name === 'results.json' ? 'report.html' : `${name.replace(/\.json$/, '')}.html`);
}
