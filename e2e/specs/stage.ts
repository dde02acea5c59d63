import { createHash } from 'node:crypto';
import {
  constants,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FederationConfigInput, FederationDetail } from '@perfit/protocol';
import { test as base, expect } from 'playwright/test';
import { firefoxPath } from '../simulation/browser.ts';
import { CoordinatorProcess, projectRoot } from '../simulation/coordinator-process.ts';
import { localTexts } from '../simulation/local-texts.ts';
import { Operator } from '../simulation/operator.ts';
import { Tab, type TabOptions } from '../simulation/tab.ts';
import { writeTinyModel } from './tiny-model.ts';

export const embeddedModel = 'perfit-nano';
export const tinyModel = 'tiny-llama';

const PASSWORD = 'a password of the tests';

/** A coordinator in its own process on its own folder, an operator, and tabs on demand; all gone after the test. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'perfit-e2e-'));
  /** A folder of model folders, the embedded model and a tiny one in it; tests may add broken ones. */
  readonly models = join(this.folder, 'models');
  /** What federations tune where they do not say: the tiny one, for what happens around a model is most of what is tested. */
  model = tinyModel;
  readonly tabs: Tab[] = [];
  /** The built page; a test may give the next coordinator a copy that it changes. */
  webDirectory = join(projectRoot, 'apps', 'web-client', 'dist');
  #coordinator: CoordinatorProcess | null = null;
  #operator: Operator | null = null;
  #port = 0;

  constructor() {
    const nano = join(projectRoot, 'models', embeddedModel);
    copyFolder(nano, join(this.models, embeddedModel));
    writeTinyModel(join(this.models, tinyModel), nano);
  }

  get url(): string {
    return this.coordinator.url;
  }

  get coordinator(): CoordinatorProcess {
    if (!this.#coordinator) throw new Error('no coordinator was started');
    return this.#coordinator;
  }

  get operator(): Operator {
    if (!this.#operator) throw new Error('no operator is logged in');
    return this.#operator;
  }

  readonly login = { name: 'operator', password: PASSWORD };

  async startCoordinator(): Promise<void> {
    this.#port ||= await freePort();
    const dataDirectory = join(this.folder, 'coordinator');
    if (!existsSync(dataDirectory)) copyFolder(await emptyDatabase(), join(dataDirectory, 'database'));
    this.#coordinator = await CoordinatorProcess.start({
      dataDirectory,
      modelsDirectory: this.models,
      webDirectory: this.webDirectory,
      port: this.#port,
      operatorPassword: PASSWORD,
    });
    this.#operator = await Operator.login(this.url, this.login.name, this.login.password);
  }

  /** Creates a federation and opens it for clients. */
  async federation(config: Partial<FederationConfigInput>): Promise<{ id: string; joinUrl: string }> {
    const created = await this.operator.create({ ...quickFederation, model: this.model, ...config });
    await this.operator.act(created.id, 'start');
    return created;
  }

  /** Small local texts, from the samples. */
  texts(clients: number, examples: number): string[] {
    const folder = join(this.folder, 'texts');
    return localTexts([join(projectRoot, 'samples')], { clients, examples, folder }).map((text) => text.file);
  }

  file(name: string, content: string | Uint8Array): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  async open(browser: Parameters<typeof Tab.open>[0], options: TabOptions): Promise<Tab> {
    const tab = await Tab.open(browser, options);
    this.tabs.push(tab);
    return tab;
  }

  async close(): Promise<void> {
    await Promise.all(this.tabs.map((tab) => tab.close()));
    await this.#coordinator?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Rounds of a few seconds on one core. */
const quickFederation: Omit<FederationConfigInput, 'model'> = {
  name: 'Quick federation',
  lora: { rank: 4, expansion: 2, alpha: 8 },
  search: { warmupEpochs: 0.5, iterations: 2, batches: 1 },
  tuning: { epochs: 1, batchSize: 8, maxLength: 128, learningRate: 4e-3 },
  schedule: { rounds: 3, recruit: 3, goal: 3, minimum: 2, deadlineSeconds: 120 },
};

export const test = base.extend<{ stage: Stage; browserIsThere: undefined }>({
  browserIsThere: [
    async ({ browserName }, use, info) => {
      info.skip(browserName === 'firefox' && !firefoxPath(), 'no Firefox on this machine');
      await use(undefined);
    },
    { auto: true },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern
  stage: async ({}, use) => {
    const stage = new Stage();
    await stage.startCoordinator();
    await use(stage);
    await stage.close();
  },
});
export { expect };

/** Asks until the condition holds; the time limit is the test's. */
export async function until(
  what: string,
  ask: () => Promise<boolean>,
  options: { every?: number; within?: number } = {},
): Promise<void> {
  await expect
    .poll(ask, { message: what, intervals: [options.every ?? 250], timeout: options.within ?? 120_000 })
    .toBe(true);
}

/** Each client's submission is counted once in each round, whatever happened on the way. */
export function countedOnce(detail: FederationDetail): boolean {
  return detail.rounds.every(
    ({ submissions }) => new Set(submissions.map(({ client }) => client)).size === submissions.length,
  );
}

/** A first start of the embedded database takes seconds: it is done once for each state of the migrations. */
async function emptyDatabase(): Promise<string> {
  const migrations = join(projectRoot, 'apps/coordinator/src/store/migrations');
  const hash = createHash('sha256').update(PASSWORD);
  for (const name of readdirSync(migrations).sort()) hash.update(name).update(readFileSync(join(migrations, name)));
  const path = join(tmpdir(), `perfit-e2e-database-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(path)) return path;
  const draft = mkdtempSync(`${path}-draft-`);
  const models = join(projectRoot, 'models');
  const first = await CoordinatorProcess.start({
    dataDirectory: draft,
    modelsDirectory: models,
    operatorPassword: PASSWORD,
  });
  await first.stop();
  try {
    renameSync(join(draft, 'database'), path);
  } catch {
    // Another run was quicker.
  }
  rmSync(draft, { recursive: true, force: true });
  return path;
}

/** Shares the blocks where the file system can. */
export function copyFolder(from: string, to: string): void {
  cpSync(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
