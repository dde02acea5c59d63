import { join, resolve } from 'node:path';
import { bestBackend } from '@perfit/core/node';
import type { ClientEvent } from '@perfit/federation';
import { Command } from 'commander';
import { bestBackendOption } from '../backend-option.ts';
import { type CellOrder, CellProcess, type CellReport, ORDERS } from '../experiments/cell-process.ts';
import { describePlan } from '../experiments/describe-plan.ts';
import { type Cell, ExperimentRunner, type Plan, planExperiment } from '../experiments/experiment.ts';
import { Journal } from '../experiments/journal.ts';
import { type At, ExperimentProgress } from '../experiments/progress.ts';
import { type CellWorker, missingCells, resultsOf, runCells } from '../experiments/run-cells.ts';
import { setupOf } from '../experiments/setup.ts';
import { readSimulationConfig, withOwnStrategies } from '../experiments/simulation-config.ts';
import { explain, UsageError } from '../explain.ts';
import type { BackendChoice } from '../local-model.ts';
import { wholeNumber } from '../numbers.ts';
import { writeResults } from '../report/write-results.ts';

interface Flags {
  readonly out?: string;
  readonly backend: BackendChoice | 'auto';
  readonly live: boolean;
  readonly processes: number;
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
    validation: 8                          # rows by which a client chooses what it keeps
  twin: true                               # every client also tunes alone: twice the work, and an answer
  budgets: [0.1, 0.5]                      # the most that a client may own: in turn, or { stories: 0.1 }
  faults: [{ client: stories, round: 2, kind: dropout }]   # or straggler

Finished cells are in cells.jsonl: with it in its folder, a run goes on from there, on another machine too.
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
    .option('--processes <n>', 'run so many cells at once, each in a process of its own', wholeNumber(1, 64), 1)
    .option('--dry-run', 'say what would be run and for about how long, and run nothing', false)
    .addHelpText('after', help)
    .action(simulate);
}

async function simulate(file: string, flags: Flags): Promise<void> {
  const config = await withOwnStrategies(readSimulationConfig(file));
  const backend = flags.backend === 'auto' ? await bestBackend() : flags.backend;
  const plan = await planExperiment(config, backend, flags.live ? 'live' : 'memory');
  const folder = resolve(flags.out ?? folderOf(plan));
  if (process.env[ORDERS]) return await takeOrders(plan, backend);
  const journal = Journal.open(join(folder, 'cells.jsonl'));
  const missing = missingCells(plan, journal);
  if (flags.dryRun) {
    process.stdout.write(await describePlan(plan, missing, backend));
    return;
  }
  if (missing.length < plan.cells.length) {
    say(`${plan.cells.length - missing.length} of ${plan.cells.length} cells are in ${folder} already.`);
  }
  await runMissing(plan, { journal, backend, processes: flags.processes });
  const setup = setupOf(plan, { file, backend, now: new Date() });
  process.stdout.write(await writeResults(folder, { ...resultsOf(plan, journal), setup }));
  say(`Results: ${folder}`);
}

async function runMissing(
  plan: Plan,
  { journal, backend, processes }: { journal: Journal; backend: BackendChoice; processes: number },
): Promise<void> {
  const cells = missingCells(plan, journal);
  if (cells.length === 0) return;
  const stopping = new AbortController();
  const onSignal = () => stopping.abort(new UsageError('Stopped. The same command goes on behind the finished cells.'));
  process.once('SIGINT', onSignal);
  try {
    const most = Math.min(processes, cells.length);
    if (most > 1) await runApart(cells, { journal, processes: most, signal: stopping.signal });
    else await runHere(plan, cells, { journal, backend, signal: stopping.signal });
  } finally {
    process.off('SIGINT', onSignal);
  }
}

async function runHere(
  plan: Plan,
  cells: readonly Cell[],
  { journal, backend, signal }: { journal: Journal; backend: BackendChoice; signal: AbortSignal },
): Promise<void> {
  const runner = await ExperimentRunner.start(plan.config, backend);
  try {
    const secondsPerBatch = await runner.secondsPerBatch(cells[0] as Cell);
    const progress = new ExperimentProgress(cells, { say, now: () => performance.now(), secondsPerBatch });
    const run: CellWorker<Cell> = async (cell, i) => {
      progress.begin(i);
      const onWork = (done: number, client: string, event: ClientEvent) => progress.work(i, done, atOf(client, event));
      const result = await runner.run(plan, cell, { onWork, signal });
      progress.end(i);
      return result;
    };
    await runCells(cells, journal, [run]);
  } finally {
    runner.close();
  }
}

/** In processes of their own, each with the model: SmolLM2's blocks take 98 MB. */
async function runApart(
  cells: readonly Cell[],
  { journal, processes, signal }: { journal: Journal; processes: number; signal: AbortSignal },
): Promise<void> {
  const program = process.argv[1] as string;
  const others = Array.from({ length: processes }, () => new CellProcess(program, process.argv.slice(2)));
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
  stopped.catch(() => {}); // raced below
  try {
    const [secondsPerBatch] = await Promise.race([Promise.all(others.map(({ ready }) => ready)), stopped]);
    const now = () => performance.now();
    const progress = new ExperimentProgress(cells, {
      say,
      now,
      secondsPerBatch: secondsPerBatch as number,
      atOnce: processes,
    });
    const workers = others.map(
      (other): CellWorker<Cell> =>
        async (cell, i) => {
          progress.begin(i);
          const result = await other.run(cell, (done, at) => progress.work(i, done, at));
          progress.end(i);
          return result;
        },
    );
    await Promise.race([runCells(cells, journal, workers), stopped]);
  } finally {
    for (const other of others) other.close();
  }
}

/** In such a process: runs what it is told until nobody tells it any more. */
async function takeOrders(plan: Plan, backend: BackendChoice): Promise<void> {
  const tell = (report: CellReport) => process.send?.(report);
  const runner = await ExperimentRunner.start(plan.config, backend);
  const cells = new Map(plan.cells.map((cell) => [cell.fingerprint, cell]));
  // Ctrl-C is for the process that gives the orders: it ends this one.
  process.on('SIGINT', () => {});
  process.on('disconnect', () => process.exit(0));
  process.on('message', ({ fingerprint }: CellOrder) => {
    const cell = cells.get(fingerprint) as Cell;
    const onWork = (done: number, client: string, event: ClientEvent) =>
      tell({ type: 'work', done, at: atOf(client, event) });
    runner.run(plan, cell, { onWork }).then(
      (result) => tell({ type: 'done', result }),
      (error: unknown) => tell({ type: 'failed', message: explain(error) }),
    );
  });
  tell({ type: 'ready', secondsPerBatch: await runner.secondsPerBatch(plan.cells[0] as Cell) });
  await new Promise(() => {});
}

function atOf(client: string, event: ClientEvent): At {
  return event.type === 'round-started' ? { client, round: event.round } : { client };
}

function folderOf({ config, mode }: Plan): string {
  const name = config.name.replace(/[^\w.-]+/g, '-');
  return join('.perfit', 'simulations', mode === 'live' ? `${name}-live` : name);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
