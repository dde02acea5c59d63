import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { aggregate } from '@perfit/federation';
import { type FederationConfigInput, ProtocolError, type Receipt, type RoundOffer } from '@perfit/protocol';
import { initialTheta, type Random, seededRandom } from '@perfit/protocol/space';
import { type ClientIdentity, newIdentity, ScriptedClient, smallFederation } from '@perfit/testkit';
import { type Folders, makeFolders, startCoordinator } from '@perfit/testkit/coordinator';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inForm } from '../../../testing/form.ts';
import { seed } from '../../../testing/seed.ts';

const CLIENTS = 3;
/** Half of them wait for a commit, and each round has one. */
const KILLS = inForm({ short: 2, long: 100 });
const ROUNDS = KILLS;
/** Small, so that an upload has several and a kill finds some of them half done. */
const CHUNK_BYTES = 100;

let folders: Folders;

beforeAll(async () => {
  folders = await makeFolders();
}, 240_000);

afterAll(() => folders.remove());

/** A real process, killed as a machine kills: no signal handler, no last write. */
class CoordinatorProcess {
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  private readonly log: string[] = [];

  /** Loads its code, which takes longer than a start, and waits. */
  constructor(port: number) {
    const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
    const { dataDirectory, modelsDirectory } = folders;
    const options = JSON.stringify({ dataDirectory, modelsDirectory, port });
    this.child = spawn(process.execPath, ['--import', loader, join(import.meta.dirname, 'crash-child.ts'), options], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    createInterface({ input: this.child.stderr }).on('line', (line) => this.log.push(line));
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    const listening = new Promise<void>((resolve, reject) => {
      createInterface({ input: this.child.stdout }).once('line', () => resolve());
      this.child.once('exit', (code) =>
        reject(new Error(`the coordinator ended with ${code}:\n${this.log.join('\n')}`)),
      );
    });
    this.child.stdin.write('start\n');
    await listening;
  }

  /** What it complained about. */
  get complaints(): readonly string[] {
    return this.log.filter((line) => line.includes('"level":50'));
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill(signal);
    await ended;
  }
}

/** Counts what the clients do, and says when it is time to kill. */
class Watch {
  requests = 0;
  /** Deltas that were sent whole since the last restart, answered or not. */
  completes = 0;
  onRequest: () => void = () => {};
}

/** A client that goes on whatever happens, and never sends a delta again whose receipt it has. */
class StubbornClient {
  readonly identity: ClientIdentity;
  readonly receipts = new Map<number, Receipt>();
  readonly violations: string[] = [];
  isDone = false;
  private readonly index: number;
  private readonly watch: Watch;
  private mask: number | null = null;

  constructor(identity: ClientIdentity, index: number, watch: Watch) {
    this.identity = identity;
    this.index = index;
    this.watch = watch;
  }

  async live(url: string, federation: string): Promise<void> {
    while (!this.isDone) {
      const client = await ScriptedClient.connect(url, this.identity).catch(() => null);
      if (!client) {
        await pause(20);
        continue;
      }
      client.onAsk = () => {
        this.watch.requests++;
        this.watch.onRequest();
      };
      try {
        await this.takePart(client, federation);
      } catch (error) {
        if (error instanceof ProtocolError && error.code !== 'shutting-down') this.violations.push(String(error));
      }
      client.close();
    }
  }

  /** Until the connection breaks. */
  private async takePart(client: ScriptedClient, federation: string): Promise<void> {
    await client.shakeHands(federation);
    await client.ask('ready', {
      name: `client ${this.index}`,
      device: { backend: 'cpu', description: 'a test' },
      examples: { training: 50, heldOut: 5 },
      shareEvaluation: true,
    });
    for (;;) {
      const next = await client.hearAny();
      if (next.name === 'status' && next.message.state === 'finished') this.isDone = true;
      if (this.isDone) return;
      if (next.name === 'offer') await this.work(client, next.message);
    }
  }

  private async work(client: ScriptedClient, { round, attempt }: RoundOffer): Promise<void> {
    if (this.receipts.has(round)) {
      this.violations.push(`round ${round} was offered again after its receipt`);
      return;
    }
    const { mask, values } = contribution(client, this.index, round);
    if (this.mask !== round) await client.sendMask(mask, round);
    this.mask = round;
    const bytes = await client.deltaBytes(mask, values);
    const announce = await client.announceOf(bytes, { round, attempt, report: { examples: 10 + this.index } });
    const answer = await client.ask('announce', announce);
    if (answer.state === 'done') {
      this.receipts.set(round, answer.receipt);
      return;
    }
    for (let { offset } = answer; offset < bytes.length; ) {
      const data = bytes.subarray(offset, offset + CHUNK_BYTES);
      ({ offset } = await client.ask('chunk', { upload: answer.upload, offset, data }));
    }
    this.watch.completes++;
    this.receipts.set(round, await client.ask('complete', { upload: answer.upload }));
  }
}

function contribution(client: ScriptedClient, index: number, round: number) {
  return client.draw(1000 * round + index);
}

/** Half of the kills come anywhere, half at a commit: right after the last delta of a round was sent. */
function nextKill(watch: Watch, kill: number, random: Random): Promise<void> {
  watch.completes = 0;
  const { requests } = watch;
  const after = 1 + Math.floor(random() * 45);
  const atCommit = kill % 2 === 1;
  return new Promise((resolve) => {
    watch.onRequest = () => {
      const isTime = atCommit ? watch.completes >= CLIENTS : watch.requests - requests >= after;
      if (!isTime) return;
      watch.onRequest = () => {};
      resolve();
    };
  });
}

it(`[RD3] [RD4] killed ${KILLS} times at any moment, a federation finishes with exactly what was acknowledged (seed ${seed})`, async () => {
  const random = seededRandom(seed);
  const config: FederationConfigInput = {
    ...smallFederation,
    access: 'open',
    schedule: { rounds: ROUNDS, recruit: CLIENTS, goal: CLIENTS, minimum: CLIENTS, deadlineSeconds: 600 },
  };
  const first = await startCoordinator(folders);
  const { id } = await first.createFederation(config, { start: true });
  const { port } = first;
  await first.close();

  let coordinator = new CoordinatorProcess(port);
  await coordinator.start();
  let spare = new CoordinatorProcess(port);
  const watch = new Watch();
  const identities = await Promise.all(Array.from({ length: CLIENTS }, () => newIdentity()));
  const clients = identities.map((identity, i) => new StubbornClient(identity, i, watch));
  const lives = Promise.all(clients.map((client) => client.live(`http://127.0.0.1:${port}`, id)));
  const complaints: string[] = [];
  let kills = 0;
  for (; kills < KILLS && !clients.every((client) => client.isDone); kills++) {
    await Promise.race([nextKill(watch, kills, random), lives]);
    if (kills % 2 === 1) await pause(random() * 25);
    complaints.push(...coordinator.complaints);
    await coordinator.end('SIGKILL');
    coordinator = spare;
    await coordinator.start();
    spare = new CoordinatorProcess(port);
  }
  await spare.end('SIGKILL');
  await lives;
  complaints.push(...coordinator.complaints);
  await coordinator.end('SIGTERM');

  expect(kills).toBe(KILLS);
  expect(clients.flatMap((client) => client.violations)).toEqual([]);
  expect(complaints).toEqual([]);
  // The receipt that a kill cuts off is not asked for where the round goes on meanwhile; the delta counts, as is seen below.
  const receipts = clients.reduce((sum, client) => sum + client.receipts.size, 0);
  expect(receipts).toBeGreaterThanOrEqual(CLIENTS * ROUNDS - KILLS);

  const last = await startCoordinator(folders);
  const { rounds, status } = await last.detail(id);
  expect(status).toMatchObject({ state: 'finished', round: ROUNDS, version: ROUNDS });
  const scribe = await ScriptedClient.connect(last.url, identities[0]);
  await scribe.shakeHands(id);
  let theta = initialTheta(scribe.layout, 1);
  for (let version = 1; version <= ROUNDS; version++) {
    const accepted = rounds.filter((round) => round.number === version && round.state === 'committed')[0]?.submissions;
    expect(accepted?.map((each) => each.name).sort()).toEqual(['client 0', 'client 1', 'client 2']);
    const submissions = (accepted ?? []).map(({ client }) => {
      const index = identities.findIndex((identity) => identity.client === client);
      const { mask, values } = contribution(scribe, index, version);
      return { mask, delta: values, weight: 10 + index };
    });
    theta = aggregate(theta, submissions);
    expect(await last.globalTheta(id, version)).toEqual(theta);
  }
  scribe.close();
  await last.close();
  for (const folder of ['spool', 'uploads']) {
    expect(await readdir(join(folders.dataDirectory, folder, id)).catch(() => [])).toEqual([]);
  }
}, 3_600_000);
