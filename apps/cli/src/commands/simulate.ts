import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { backendOption } from '../backend-option.ts';
import { UsageError } from '../explain.ts';
import type { BackendChoice } from '../local-model.ts';
import { type Cell, Laboratory, type Plan, planExperiment } from '../simulation/experiment.ts';
import { Journal } from '../simulation/journal.ts';
import { duration, ExperimentProgress, nameOf } from '../simulation/progress.ts';
import { missingCells, resultsOf, runCells } from '../simulation/run-cells.ts';
import { setupOf } from '../simulation/setup.ts';
import { readSimulationConfig } from '../simulation/simulation-config.ts';
import { writeResults } from '../simulation/write-results.ts';

interface Flags {
  readonly out?: string;
  readonly backend: BackendChoice;
  readonly dryRun: boolean;
}

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('runs federations of many clients in this process, and compares strategies over seeds')
    .argument('<config>', 'a YAML file; experiments/ has some')
    .option('--out <dir>', 'where report.html, results.json, results.csv and cells.jsonl go (.perfit/simulations/NAME)')
    .addOption(backendOption())
    .option('--dry-run', 'say what would be run and for about how long, and run nothing', false)
    .action(simulate);
}

async function simulate(file: string, flags: Flags): Promise<void> {
  const config = readSimulationConfig(file);
  const plan = await planExperiment(config, flags.backend);
  const folder = resolve(flags.out ?? join('.perfit', 'simulations', config.name.replace(/[^\w.-]+/g, '-')));
  const journal = Journal.open(join(folder, 'cells.jsonl'));
  const missing = missingCells(plan, journal);
  if (flags.dryRun) {
    await describe(plan, missing, flags.backend);
    return;
  }
  if (missing.length < plan.cells.length) {
    say(`${plan.cells.length - missing.length} of ${plan.cells.length} cells are in ${folder} already.`);
  }
  await runMissing(plan, { journal, backend: flags.backend });
  const setup = setupOf(plan, { file, backend: flags.backend, now: new Date() });
  process.stdout.write(await writeResults(folder, { ...resultsOf(plan, journal), setup }));
  say(`Results: ${folder}`);
}

async function runMissing(
  plan: Plan,
  { journal, backend }: { journal: Journal; backend: BackendChoice },
): Promise<void> {
  const cells = missingCells(plan, journal);
  if (cells.length === 0) return;
  const stopping = new AbortController();
  const onSignal = () => stopping.abort(new UsageError('Stopped. The same command goes on behind the last cell.'));
  process.once('SIGINT', onSignal);
  const laboratory = await Laboratory.start(plan.config, backend);
  const progress = new ExperimentProgress(cells, say, () => performance.now());
  try {
    await runCells(cells, journal, async (cell, i) => {
      progress.begin(i);
      const onWork = progress.work.bind(progress);
      const rows = await laboratory.run(plan, cell, { onWork, signal: stopping.signal });
      progress.end();
      return rows;
    });
  } finally {
    process.off('SIGINT', onSignal);
    laboratory.close();
  }
}

async function describe(plan: Plan, missing: readonly Cell[], backend: BackendChoice): Promise<void> {
  const { config, cells } = plan;
  const [first] = cells as [Cell];
  const lines = [`${config.name}: ${cells.length} cells, ${cells.length - missing.length} of them done`];
  for (const { name, training, heldOut } of first.texts) {
    lines.push(`  client ${name}: ${training.length} rows to train on, ${heldOut.length} held out`);
  }
  for (const cell of missing) lines.push(`  ${nameOf(cell)}: ${cell.config.schedule.rounds} rounds`);
  if (missing.length > 0) {
    const laboratory = await Laboratory.start(config, backend);
    const seconds = await laboratory.secondsPerBatch(missing[0] as Cell);
    laboratory.close();
    const work = missing.reduce((sum, cell) => sum + cell.work, 0);
    const rate = `${Math.round(work)} batches of ${seconds.toFixed(2)} s`;
    lines.push(`About ${duration(work * seconds)} on ${backend}: ${rate}.`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
