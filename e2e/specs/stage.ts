import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FederationConfigInput, FederationDetail } from '@perfit/protocol';
import type { AdminClient } from '@perfit/protocol/admin';
import { test as base, expect } from 'playwright/test';
import { firefoxPath } from '../demo/browser.ts';
import { type CoordinatorProcess, projectRoot } from '../demo/coordinator-process.ts';
import { localTexts } from '../demo/local-texts.ts';
import { Tab, type TabOptions } from '../demo/tab.ts';
import { TestCoordinator, tinyModel } from './test-coordinator.ts';

export { embeddedModel, tinyModel } from './test-coordinator.ts';

/** What one test sees: federations of its own on a coordinator, files, and tabs on demand; all gone after the test. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'perfit-e2e-'));
  /** What federations tune where they do not say: the tiny one, for what happens around a model is most of what is tested. */
  model = tinyModel;
  readonly tabs: Tab[] = [];
  readonly #coordinator: TestCoordinator;
  readonly #federations: string[] = [];

  constructor(coordinator: TestCoordinator) {
    this.#coordinator = coordinator;
  }

  get url(): string {
    return this.coordinator.url;
  }

  get coordinator(): CoordinatorProcess {
    return this.#coordinator.process;
  }

  /** After a kill, on the same port. */
  startCoordinator(): Promise<void> {
    return this.#coordinator.start();
  }

  /** The coordinator's folder of models. */
  get models(): string {
    return this.#coordinator.models;
  }

  /** The coordinator's own files. */
  get coordinatorFolder(): string {
    return join(this.#coordinator.folder, 'coordinator');
  }

  get operator(): AdminClient {
    return this.#coordinator.operator;
  }

  get login(): TestCoordinator['login'] {
    return this.#coordinator.login;
  }

  /** Creates a federation and opens it for clients. */
  async federation(config: Partial<FederationConfigInput>): Promise<{ id: string; joinUrl: string }> {
    const created = await this.operator.create({ ...quickFederation, model: this.model, ...config });
    this.#federations.push(created.id);
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
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Leaves the coordinator to the next test: its start page offers nothing of this one. */
  async stopFederations(): Promise<void> {
    for (const id of this.#federations) {
      const { actions } = await this.operator.detail(id);
      if (actions.includes('stop')) await this.operator.act(id, 'stop');
    }
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

interface TestFixtures {
  stage: Stage;
  browserIsThere: undefined;
  /**
   * A test that stops its coordinator, changes what it serves or looks at all that it has gets one for itself, alone.
   * The others share one, for a start takes as long as many of them.
   */
  ownCoordinator: boolean;
}

interface WorkerFixtures {
  sharedCoordinator: () => Promise<TestCoordinator>;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  browserIsThere: [
    async ({ browserName }, use, info) => {
      info.skip(browserName === 'firefox' && !firefoxPath(), 'no Firefox on this machine');
      await use(undefined);
    },
    { auto: true },
  ],
  ownCoordinator: [false, { option: true }],
  sharedCoordinator: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern
    async ({}, use) => {
      const started: Promise<TestCoordinator>[] = [];
      await use(() => {
        if (started.length === 0) started.push(begun());
        return started[0] as Promise<TestCoordinator>;
      });
      for (const coordinator of started) await (await coordinator).close();
    },
    { scope: 'worker' },
  ],
  stage: async ({ ownCoordinator, sharedCoordinator }, use) => {
    const coordinator = ownCoordinator ? await begun() : await sharedCoordinator();
    const stage = new Stage(coordinator);
    await use(stage);
    await stage.close();
    if (ownCoordinator) await coordinator.close();
    else await stage.stopFederations();
  },
});
export { expect };

async function begun(): Promise<TestCoordinator> {
  const coordinator = new TestCoordinator();
  await coordinator.start();
  return coordinator;
}

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
