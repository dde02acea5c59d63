import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FederationConfigInput } from '@perfit/protocol';
import { pino } from 'pino';
import { type Coordinator, type CoordinatorOptions, createCoordinator } from '../src/index.ts';
import { openDatabase } from '../src/store/database.ts';

export const operator = { name: 'ada', password: 'correct horse battery staple' };

/** A Llama-shaped model so small that a whole adapter fits into a few kilobytes. */
export const tinyModel = {
  model_type: 'llama',
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
};

/** A whole file of that many bytes, a few hundred at least, with one tensor. */
export function safetensors(bytes: number): Uint8Array<ArrayBuffer> {
  const size = bytes - 128;
  const header = JSON.stringify({ weight: { dtype: 'U8', shape: [size], data_offsets: [0, size] } }).padEnd(120);
  const file = Uint8Array.from({ length: bytes }, (_, i) => (i * 7) & 0xff);
  new DataView(file.buffer).setBigUint64(0, 120n, true);
  file.set(new TextEncoder().encode(header), 8);
  return file;
}

/** Rounds that close at two submissions. */
export const smallFederation: FederationConfigInput = {
  name: 'Small',
  model: 'tiny',
  lora: { rank: 2, targets: ['q_proj', 'down_proj'] },
  schedule: { rounds: 2, recruit: 2, goal: 2, minimum: 2, deadlineSeconds: 600 },
  wire: { dtype: 'f32' },
};

export interface Folders {
  readonly root: string;
  readonly dataDirectory: string;
  readonly modelsDirectory: string;
  remove(): Promise<void>;
}

/** A data directory whose database is made already, and a models directory. */
export async function makeFolders(): Promise<Folders> {
  const root = await mkdtemp(join(tmpdir(), 'perfit-coordinator-'));
  const dataDirectory = join(root, 'data');
  const modelsDirectory = join(root, 'models');
  await mkdir(join(modelsDirectory, 'tiny'), { recursive: true });
  await writeFile(join(modelsDirectory, 'tiny', 'config.json'), JSON.stringify(tinyModel));
  await layEmptyDatabase(dataDirectory);
  return { root, dataDirectory, modelsDirectory, remove: () => rm(root, { recursive: true, force: true }) };
}

/** Makes a data directory in which a coordinator need not make its database first. */
export async function layEmptyDatabase(dataDirectory: string): Promise<void> {
  await mkdir(dataDirectory);
  const database = join(dataDirectory, 'database');
  await cp(await databaseTemplate(), database, { recursive: true, mode: constants.COPYFILE_FICLONE });
}

/** A first start of the embedded database takes seconds: it is done once for each state of the migrations. */
async function databaseTemplate(): Promise<string> {
  const folder = join(import.meta.dirname, '../src/store/migrations');
  const hash = createHash('sha256');
  for (const name of (await readdir(folder)).sort()) hash.update(name).update(await readFile(join(folder, name)));
  const path = join(tmpdir(), `perfit-database-template-${hash.digest('hex').slice(0, 16)}`);
  if ((await readdir(path).catch(() => [])).length > 0) return path;
  const draft = await mkdtemp(`${path}-draft-`);
  await (await openDatabase(draft)).close();
  await rename(draft, path).catch(async () => rm(draft, { recursive: true, force: true }));
  return path;
}

export function startCoordinator(folders: Folders, options: Partial<CoordinatorOptions> = {}): Promise<Coordinator> {
  const { dataDirectory, modelsDirectory } = folders;
  return createCoordinator({
    dataDirectory,
    modelsDirectory,
    host: '127.0.0.1',
    port: 0,
    operator,
    // The real one takes a third of a second for each start and login.
    passwordCost: { N: 2, r: 1, p: 1 },
    logger: pino({ level: process.env.LOG_LEVEL ?? 'silent' }),
    ...options,
  });
}

/** A clock that stands still until it is told to go on. */
export class ManualClock {
  private time = Date.now();
  private timers: { due: number; run: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = { due: this.time + milliseconds, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  advance(milliseconds: number): void {
    this.time += milliseconds;
    const due = this.timers.filter((timer) => timer.due <= this.time);
    this.timers = this.timers.filter((timer) => timer.due > this.time);
    for (const timer of due) timer.run();
  }
}
