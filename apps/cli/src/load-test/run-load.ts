import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutOf, ParameterSums } from '@perfit/federation';
import { initialTheta } from '@perfit/protocol/space';
import { Drawer } from './drawn-submission.ts';
import { dimensionsOf, federationOf, type LoadPlan } from './plan.ts';
import {
  type FromCoordinator,
  type FromSwarm,
  LoadError,
  Part,
  type SumSpeeds,
  type ToCoordinator,
  type ToSwarm,
} from './processes.ts';

/** What a load has come to. */
interface LoadFigures extends SumSpeeds {
  readonly connected: number;
  readonly submitting: number;
  readonly bytesPerSubmission: number;
  /** While submissions come in and are summed, and slices go out, in all rounds. */
  readonly eventLoopDelayMs: { readonly p50: number; readonly p99: number };
  /** From the last receipt to the moment at which a client hears of the commit; of the slowest round. */
  readonly commitMs: number;
  /** Of slices, while all submitters fetch theirs at a time; of the slowest round. */
  readonly downloadMBps: number;
  /** Of the coordinator's process alone. */
  readonly peakRssBytes: number;
  /** Acknowledged, and not known afterwards. */
  readonly lostSubmissions: number;
}

/** Beside the figures, for the table. */
export interface LoadReport {
  readonly figures: LoadFigures;
  readonly joinSeconds: number;
  /** Of the coordinator before anybody joins. */
  readonly restRssBytes: number;
  readonly longestDelayMs: number;
  readonly rounds: readonly RoundReport[];
}

interface RoundReport {
  readonly seconds: number;
  readonly commitMs: number;
  /** How often somebody was told that too many uploads were under way. */
  readonly postponed: number;
  /** All submitters fetch their slices of what was committed. */
  readonly downloadSeconds: number;
  readonly downloadBytes: number;
}

type Coordinator = Part<ToCoordinator, FromCoordinator>;
type Swarm = Part<ToSwarm, FromSwarm>;

/**
 * Runs one load from its start to its end, and checks it: whatever was acknowledged is known, and theta_g is what the
 * submissions' sums come to.
 * @throws Error where a process fails, a round is not committed, theta_g is another, or it takes longer than `seconds`
 */
export async function runLoad(plan: LoadPlan, seconds: number, say: (line: string) => void): Promise<LoadReport> {
  const folder = await mkdtemp(join(tmpdir(), 'perfit-load-'));
  const parts: { kill(): void }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new LoadError(`The load took longer than ${seconds} s and was ended.`)),
      1000 * seconds,
    );
  });
  try {
    const coordinator: Coordinator = new Part('./coordinator-process.ts', { ...plan, folder });
    parts.push(coordinator);
    return await Promise.race([late, measure(plan, { coordinator, parts, say })]);
  } finally {
    clearTimeout(timer);
    for (const part of parts) part.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(
  plan: LoadPlan,
  { coordinator, parts, say }: { coordinator: Coordinator; parts: { kill(): void }[]; say(line: string): void },
): Promise<LoadReport> {
  const { url, size, restRss } = await coordinator.hear('listening');
  say(`${plan.clients} clients join …`);
  const begun = performance.now();
  const swarm = spread(plan, { url, size });
  parts.push(...swarm);
  const joined = await Promise.all(swarm.map((each) => each.hear('joined')));
  const joinSeconds = (performance.now() - begun) / 1000;

  coordinator.send({ type: 'watch-loop' });
  await coordinator.hear('watching');
  const rounds: RoundReport[] = [];
  for (let round = 1; round <= plan.rounds; round++) {
    say(`Round ${round}: ${plan.submitting} submissions …`);
    rounds.push(await play(swarm, round));
  }
  coordinator.send({ type: 'loop-watched' });
  const loop = await coordinator.hear('loop');

  say('What was acknowledged is asked for …');
  for (const each of swarm) each.send({ type: 'count-lost', round: plan.rounds });
  const counted = await Promise.all(swarm.map((each) => each.hear('counted')));
  await checkTheta(plan, { coordinator, size });
  for (const each of swarm) each.send({ type: 'end' });

  say('The sums alone …');
  coordinator.send({ type: 'measure-sums' });
  const { sums } = await coordinator.hear('sums');
  coordinator.send({ type: 'end' });
  return {
    figures: {
      connected: joined.reduce((sum, { count }) => sum + count, 0),
      submitting: plan.submitting,
      bytesPerSubmission: 4 * (size / 2),
      ...sums,
      eventLoopDelayMs: { p50: loop.p50, p99: loop.p99 },
      commitMs: Math.max(...rounds.map(({ commitMs }) => commitMs)),
      downloadMBps: Math.min(...rounds.map((each) => each.downloadBytes / each.downloadSeconds / 1e6)),
      peakRssBytes: loop.peakRss,
      lostSubmissions: counted.reduce((sum, { lost }) => sum + lost, 0),
    },
    joinSeconds,
    restRssBytes: restRss,
    longestDelayMs: loop.max,
    rounds,
  };
}

/** Submitting clients are spread evenly: each process has those of the lowest numbers that are left. */
function spread({ clients, submitting, processes }: LoadPlan, { url, size }: { url: string; size: number }): Swarm[] {
  const share = (of: number, part: number) =>
    Math.floor((of * (part + 1)) / processes) - Math.floor((of * part) / processes);
  let submitter = 0;
  let idle = submitting;
  return Array.from({ length: processes }, (_, part) => {
    const busy = share(submitting, part);
    const others = share(clients - submitting, part);
    const swarm: Swarm = new Part('./swarm-process.ts', {
      url,
      size,
      submitting,
      ranges: [
        { first: submitter, count: busy },
        { first: idle, count: others },
      ],
    });
    submitter += busy;
    idle += others;
    return swarm;
  });
}

async function play(swarm: readonly Swarm[], round: number): Promise<RoundReport> {
  const begun = performance.now();
  for (const each of swarm) each.send({ type: 'submit', round });
  const submitted = await Promise.all(swarm.map((each) => each.hear('submitted')));
  const closed = await Promise.all(swarm.map((each) => each.hear('closed')));
  const failed = closed.find(({ outcome }) => outcome !== 'committed');
  if (failed) throw new LoadError(`Round ${round} came out as ${failed.outcome}.`);
  const seconds = (performance.now() - begun) / 1000;
  const downloading = performance.now();
  for (const each of swarm) each.send({ type: 'download', version: round });
  const downloaded = await Promise.all(swarm.map((each) => each.hear('downloaded')));
  const lastReceiptAt = Math.max(...submitted.map((each) => each.lastReceiptAt));
  return {
    seconds,
    downloadSeconds: (performance.now() - downloading) / 1000,
    downloadBytes: downloaded.reduce((sum, { bytes }) => sum + bytes, 0),
    commitMs: Math.min(...closed.map(({ at }) => at)) - lastReceiptAt,
    postponed: submitted.reduce((sum, each) => sum + each.postponed, 0),
  };
}

/** [PF6] All of it again, here: sums of doubles in another order, so that the last bit of a float32 may differ. */
async function checkTheta(
  plan: LoadPlan,
  { coordinator, size }: { coordinator: Coordinator; size: number },
): Promise<void> {
  coordinator.send({ type: 'theta' });
  const { path } = await coordinator.hear('theta');
  const bytes = await readFile(path);
  const theta = new Float32Array(new Uint8Array(bytes).buffer, 0, size);
  const drawer = new Drawer(size);
  const config = federationOf(plan);
  let expected = initialTheta(layoutOf(config, dimensionsOf(plan)), config.seed);
  for (let round = 1; round <= plan.rounds; round++) {
    const sums = new ParameterSums(size);
    for (let client = 0; client < plan.submitting; client++) {
      const { mask, values, examples } = drawer.draw(client, round);
      sums.add(mask, values, examples);
    }
    expected = sums.apply(expected);
  }
  const wrong = theta.findIndex((value, p) => Math.abs(value - (expected[p] as number)) > 1e-6);
  if (wrong >= 0) throw new LoadError(`theta_g is not the sum of what was submitted, at position ${wrong}.`);
}
