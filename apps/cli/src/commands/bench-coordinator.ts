import { writeFileSync } from 'node:fs';
import { cpus, platform } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../explain.ts';
import { type LoadReport, runLoad } from '../load-test/run-load.ts';
import { wholeNumber } from '../numbers.ts';

interface Flags {
  readonly clients: number;
  readonly submitting: number;
  readonly bytes: number;
  readonly rounds: number;
  readonly processes: number;
  readonly seconds: number;
  readonly quick: boolean;
  readonly databaseUrl?: string;
  readonly json?: string;
}

/** A small try: the same path with what a busy machine does in some seconds. */
const quick = { clients: 40, submitting: 10, bytes: 200_000, rounds: 2 };

export function benchCoordinatorCommand(): Command {
  return new Command('coordinator')
    .description(
      'puts a coordinator under load: a swarm of clients in processes of their own joins it by sockets, and some submit in every round',
    )
    .option('--clients <n>', 'clients that are connected', wholeNumber(1, 20_000), 2000)
    .option('--submitting <n>', 'clients that submit in each round', wholeNumber(1, 20_000), 500)
    .option('--bytes <size>', 'of a submission, as 2MB or 200000', byteCount, 2_097_152)
    .option('--rounds <n>', 'rounds', wholeNumber(1, 100), 2)
    .option('--processes <n>', 'processes that the clients are spread over', wholeNumber(1, 64), 2)
    .option('--seconds <n>', 'the load is ended after so long, whatever it does', wholeNumber(1, 86_400), 900)
    .option('--quick', 'a small try: 40 clients, 10 of them submitting 0.2 MB', false)
    .option('--database-url <url>', 'a Postgres server instead of the embedded database')
    .option('--json <file>', 'writes the figures to a file')
    .action(benchCoordinator);
}

async function benchCoordinator({ quick: isQuick, json, seconds, ...flags }: Flags): Promise<void> {
  const plan = isQuick ? { ...flags, ...quick } : flags;
  if (plan.submitting > plan.clients) throw new UsageError('--submitting: no more can submit than are connected.');
  const report = await runLoad(plan, seconds, (line) => process.stderr.write(`${line}\n`));
  process.stdout.write(`${describe(report)}\n`);
  if (json) writeFileSync(json, `${JSON.stringify(report.figures, null, 2)}\n`);
}

function describe({ figures, joinSeconds, restRssBytes, longestDelayMs, rounds }: LoadReport): string {
  const { sumGBps, addLoopGBps, copyGBps, eventLoopDelayMs } = figures;
  const share = (of: number) => `${((100 * sumGBps) / of).toFixed(0)} %`;
  return [
    `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, ${platform()}, Node ${process.versions.node}`,
    `connected            ${figures.connected} in ${joinSeconds.toFixed(1)} s`,
    `submitting           ${figures.submitting} a round, ${figures.bytesPerSubmission} bytes each`,
    ...rounds.map(
      (round, i) =>
        `round ${i + 1}              ${round.seconds.toFixed(1)} s, committed ${round.commitMs.toFixed(0)} ms after the last receipt; ${round.postponed} times asked to come later; ${(round.downloadBytes / 1e6).toFixed(1)} MB of slices fetched in ${round.downloadSeconds.toFixed(1)} s`,
    ),
    `sums                 ${sumGBps.toFixed(2)} GB/s: ${share(addLoopGBps)} of an add loop (${addLoopGBps.toFixed(2)}), ${share(copyGBps)} of a copy (${copyGBps.toFixed(2)})`,
    `downloads            ${figures.downloadMBps.toFixed(0)} MB/s in the slowest round, all submitters at a time`,
    `event loop's delay   p50 ${eventLoopDelayMs.p50.toFixed(1)} ms, p99 ${eventLoopDelayMs.p99.toFixed(1)} ms, at most ${longestDelayMs.toFixed(0)} ms`,
    `peak memory          ${(figures.peakRssBytes / 1e6).toFixed(0)} MB; ${(restRssBytes / 1e6).toFixed(0)} MB before anybody joined`,
    `lost submissions     ${figures.lostSubmissions}`,
  ].join('\n');
}

function byteCount(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*(kB|MB)?$/i.exec(text) ?? [];
  const bytes = Number(number) * { '': 1, kb: 1e3, mb: 1e6 }[unit.toLowerCase() as '' | 'kb' | 'mb'];
  if (Number.isFinite(bytes) && bytes >= 1000 && bytes <= 1e8) return Math.round(bytes);
  throw new InvalidArgumentError('It must be a size from 1 kB to 100 MB, as 2MB or 200000.');
}
