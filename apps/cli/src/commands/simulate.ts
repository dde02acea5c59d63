import { join, resolve } from 'node:path';
import { bestBackend } from '@perfit/core/node';
import { Command } from 'commander';
import { bestBackendOption } from '../backend-option.ts';
import { describePlan } from '../experiments/describe-plan.ts';
import { ExperimentRunner, type Plan, planExperiment } from '../experiments/experiment.ts';
import { Journal } from '../experiments/journal.ts';
import { ExperimentProgress } from '../experiments/progress.ts';
import { missingCells, resultsOf, runCells } from '../experiments/run-cells.ts';
import { setupOf } from '../experiments/setup.ts';
import { readSimulationConfig } from '../experiments/simulation-config.ts';
import { UsageError } from '../explain.ts';
import type { BackendChoice } from '../local-model.ts';
import { writeResults } from '../report/write-results.ts';

interface Flags {
  readonly out?: string;
  readonly backend: BackendChoice | 'auto';
  readonly live: boolean;
  readonly dryRun: boolean;
}

const help = `
Clients are described under data, in as many of these ways as an experiment needs; paths are relative to the file:
  data:
    files: [baker.jsonl, notes.txt]        # one client each
    clients:                               # any files, and which of their rows
      - { name: stories, files: [tinystories.json] }
      - { name: closed_qa, files: [dolly.json], where: { category: closed_qa } }
    corpus: [dolly.json]                   # dealt out by pathological, dirichlet, iid or field
    partition: { by: field, field: category, values: [brainstorming, summarization] }
    train: 256                             # rows to train on; absent, all that are left
    trainAtLeast: 32                       # a client with fewer than train takes what it has
    heldOut: 24                            # rows to evaluate on
    validation: 8                          # rows by which a client chooses the best of its rounds
  budgets: [0.1, 0.5]                      # the most that a client may own: in turn, or { stories: 0.1 }
  faults: [{ client: stories, round: 2, kind: dropout }]   # or straggler

With --live, clients still compute one at a time and deadlines wait for them; faults are played at the sockets.`;

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('runs federations of many clients in this process, and compares strategies over seeds')
    .argument('<config>', 'a YAML file; experiments/ has some')
    .option(
      '--out <dir>',
      'where report.html, results.json, results.csv and cells.jsonl go (.perfit/simulations/NAME, with --live NAME-live)',
    )
    .addOption(bestBackendOption())
    .option('--live', 'with a real coordinator, started for each cell: sockets, signatures, database, disk', false)
    .option('--dry-run', 'say what would be run and for about how long, and run nothing', false)
    .addHelpText('after', help)
    .action(simulate);
}

async function simulate(file: string, flags: Flags): Promise<void> {
  const config = readSimulationConfig(file);
  const backend = flags.backend === 'auto' ? await bestBackend() : flags.backend;
  const plan = await planExperiment(config, backend, flags.live ? 'live' : 'memory');
  const folder = resolve(flags.out ?? folderOf(plan));
  const journal = Journal.open(join(folder, 'cells.jsonl'));
  const missing = missingCells(plan, journal);
  if (flags.dryRun) {
    process.stdout.write(await describePlan(plan, missing, backend));
    return;
  }
  if (missing.length < plan.cells.length) {
    say(`${plan.cells.length - missing.length} of ${plan.cells.length} cells are in ${folder} already.`);
  }
  await runMissing(plan, { journal, backend });
  const setup = setupOf(plan, { file, backend, now: new Date() });
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
  const runner = await ExperimentRunner.start(plan.config, backend);
  const progress = new ExperimentProgress(cells, say, () => performance.now());
  try {
    await runCells(cells, journal, async (cell, i) => {
      progress.begin(i);
      const onWork = progress.work.bind(progress);
      const rows = await runner.run(plan, cell, { onWork, signal: stopping.signal });
      progress.end();
      return rows;
    });
  } finally {
    process.off('SIGINT', onSignal);
    runner.close();
  }
}

function folderOf({ config, mode }: Plan): string {
  const name = config.name.replace(/[^\w.-]+/g, '-');
  return join('.perfit', 'simulations', mode === 'live' ? `${name}-live` : name);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
