import type { Browser, Page } from 'playwright/test';
import { agree, openView, Tab, write } from '../demo/tab.ts';
import { expect, type Stage, until } from './stage.ts';

/** One state of the app that is worth a look, and how to get there. They are reached in their order. */
export interface AppState {
  readonly name: string;
  reach(scene: Scene): Promise<Page>;
}

/** Where a walk takes place: one visitor for the pages that ask nothing of anybody, and tabs of people who take part. */
export class Scene {
  readonly stage: Stage;
  readonly #browser: Browser;
  readonly #tabs = new Map<string, Tab>();
  #visitor: Page | null = null;

  constructor(stage: Stage, browser: Browser) {
    this.stage = stage;
    this.#browser = browser;
  }

  async visit(path: string): Promise<Page> {
    this.#visitor ??= await (await this.#browser.newContext()).newPage();
    await this.#visitor.goto(new URL(path, this.stage.url).href);
    return this.#visitor;
  }

  get visitor(): Page {
    if (!this.#visitor) throw new Error('nobody has visited a page yet');
    return this.#visitor;
  }

  /** Opens a federation's page as this person, for the first time. */
  async join(name: string, joinUrl: string): Promise<Tab> {
    const [dataset] = this.stage.texts(1, 40) as [string];
    const tab = await Tab.open(this.#browser, { name, joinUrl, dataset, backend: 'wasm' });
    this.#tabs.set(name, tab);
    return tab;
  }

  tab(name: string): Tab {
    const tab = this.#tabs.get(name);
    if (!tab) throw new Error(`${name} has not joined yet`);
    return tab;
  }

  /** Everybody's page. */
  get pages(): Page[] {
    return [...(this.#visitor ? [this.#visitor] : []), ...[...this.#tabs.values()].map(({ page }) => page)];
  }

  async close(): Promise<void> {
    await this.#visitor?.context().close();
    await Promise.all([...this.#tabs.values()].map((tab) => tab.close()));
  }
}

const alone = { rounds: 1, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 300 };

export const appStates: readonly AppState[] = [
  { name: 'landing-empty', reach: (scene) => onPage(scene, '/', /No federations yet/) },
  {
    name: 'landing',
    reach: async (scene) => {
      await scene.stage.federation({ name: 'The village baker', description: 'For whoever writes to customers.' });
      await scene.stage.federation({ name: 'Three workshops', access: 'open' });
      return onPage(scene, '/', /The village baker/);
    },
  },
  { name: 'not-found', reach: (scene) => onPage(scene, '/nowhere/at-all', /Page not found/) },
  { name: 'models', reach: (scene) => onPage(scene, '/models?backend=wasm', /Llama/) },
  {
    name: 'model-open',
    reach: async ({ visitor }) => {
      await visitor.getByRole('tab', { name: 'This coordinator' }).click();
      await visitor.getByRole('button', { name: /^Open perfit-nano/ }).click();
      await expect(visitor.getByRole('heading', { name: 'Chat with it' })).toBeVisible({ timeout: 60_000 });
      return visitor;
    },
  },
  { name: 'bench', reach: (scene) => onPage(scene, '/bench', /GPU benchmark/) },
  { name: 'operator-login', reach: (scene) => onPage(scene, '/operator', /Password/) },
  {
    name: 'operator-login-refused',
    reach: async ({ visitor }) => {
      await visitor.getByLabel('Name').fill('nobody');
      await visitor.getByLabel('Password').fill('not the password');
      await visitor.getByRole('button', { name: 'Log in' }).click();
      await expect(visitor.getByRole('alert')).toBeVisible();
      return visitor;
    },
  },
  {
    name: 'operator-list',
    reach: async ({ visitor, stage }) => {
      await visitor.getByLabel('Name').fill(stage.login.name);
      await visitor.getByLabel('Password').fill(stage.login.password);
      await visitor.getByRole('button', { name: 'Log in' }).click();
      await expect(visitor.getByRole('button', { name: 'New federation' })).toBeVisible();
      return visitor;
    },
  },
  {
    name: 'operator-create-errors',
    reach: async ({ visitor }) => {
      await visitor.getByRole('button', { name: 'New federation' }).click();
      await visitor.getByText('Advanced', { exact: true }).click();
      await visitor.getByRole('button', { name: 'Add limit' }).click();
      await visitor.getByRole('button', { name: 'Create federation' }).click();
      await expect(visitor.locator('[aria-invalid="true"]').first()).toBeVisible();
      return visitor;
    },
  },
  {
    name: 'join-refused',
    reach: async (scene) => {
      const { joinUrl } = await scene.stage.federation({ name: 'By invitation' });
      const tab = await scene.join('Uninvited', joinUrl.replace(/invite=[^&]*/, 'invite=wrong'));
      await tab.start();
      await expect(tab.page.getByLabel('Invite code')).toHaveAttribute('aria-invalid', 'true', { timeout: 60_000 });
      return tab.page;
    },
  },
  {
    name: 'join-empty',
    reach: async (scene) => {
      const { joinUrl } = await scene.stage.federation({
        name: 'A quick round',
        host: { name: 'The village hall', contact: 'mailto:hall@example.org' },
        schedule: { ...alone, rounds: 3 },
        smallestGroup: 1,
      });
      const tab = await scene.join('Ada', joinUrl);
      await expect(tab.page.getByRole('button', { name: 'Start', exact: true })).toBeVisible();
      await expect(tab.page.getByTestId('computing-time')).toContainText('a text like the samples');
      return tab.page;
    },
  },
  {
    name: 'join-much-text',
    reach: async (scene) => {
      const { page } = scene.tab('Ada');
      const row = (i: number) => JSON.stringify({ instruction: `What is ${i}?`, response: `It is the number ${i}.` });
      const many = scene.stage.file('many.jsonl', Array.from({ length: 2500 }, (_, i) => row(i)).join('\n'));
      await page.getByTestId('dataset-file').setInputFiles(many);
      await expect(page.getByRole('button', { name: /^Use \d+ of them$/ })).toBeVisible({ timeout: 60_000 });
      return page;
    },
  },
  {
    name: 'join-with-text',
    reach: async (scene) => {
      const { page } = scene.tab('Ada');
      const [dataset] = scene.stage.texts(1, 40) as [string];
      await page.getByTestId('dataset-file').setInputFiles(dataset);
      await expect(page.getByTestId('dataset-report')).toBeVisible();
      await agree(page);
      await page.getByRole('checkbox', { name: /^Also share/ }).check();
      await expect(page.getByRole('button', { name: 'Start', exact: true })).toBeEnabled();
      return page;
    },
  },
  {
    name: 'result',
    reach: async (scene) => {
      const tab = scene.tab('Ada');
      await tab.page.getByRole('button', { name: 'Start', exact: true }).click();
      await inState(tab, 'finished');
      return tab.page;
    },
  },
  { name: 'result-export', reach: (scene) => inView(scene, 'Ada', 'Export') },
  { name: 'result-ledger', reach: (scene) => inView(scene, 'Ada', 'Ledger') },
  { name: 'result-settings', reach: (scene) => inView(scene, 'Ada', 'Settings') },
  {
    name: 'operator-result',
    reach: async (scene) => {
      await scene.visit('/operator');
      await scene.visitor.getByRole('link', { name: 'A quick round' }).click();
      await expect(scene.visitor.getByRole('button', { name: 'Download adapter (PEFT)' })).toBeVisible();
      await expect(scene.visitor.getByRole('img', { name: 'Perplexity', exact: true })).toBeVisible();
      return scene.visitor;
    },
  },
  {
    name: 'operator-access',
    reach: async (scene) => {
      await scene.visit('/access');
      await expect(scene.visitor.getByRole('heading', { name: 'Sessions' })).toBeVisible();
      return scene.visitor;
    },
  },
  {
    name: 'result-chat',
    reach: async (scene) => {
      const { page } = scene.tab('Ada');
      await openView(page, 'Chat');
      await write(page, 'What time do you open?');
      await page.getByRole('button', { name: 'Send' }).click();
      await expect(page.getByRole('button', { name: 'Send' })).toBeVisible({ timeout: 60_000 });
      return page;
    },
  },
  {
    name: 'ledger-message',
    reach: async (scene) => {
      const { page } = scene.tab('Ada');
      await openView(page, 'Ledger');
      await page
        .getByRole('button', { name: /^Your changes, .*: open/ })
        .first()
        .click();
      await expect(page.getByRole('dialog').getByRole('img', { name: /^Histogram of/ })).toBeVisible();
      return page;
    },
  },
  {
    name: 'history',
    reach: async (scene) => {
      const { page } = scene.tab('Ada');
      await page.keyboard.press('Escape');
      await page.getByRole('link', { name: 'History' }).click();
      await expect(page.getByTestId('history-entry')).toBeVisible();
      return page;
    },
  },
  {
    name: 'history-delete-all',
    reach: async (scene) => {
      const { page } = scene.tab('Ada');
      await page.getByRole('button', { name: 'Delete everything…' }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
      return page;
    },
  },
  { name: 'history-empty', reach: (scene) => onPage(scene, '/history', /Nothing yet/) },
  {
    name: 'work-recruiting',
    reach: async (scene) => {
      const { joinUrl } = await scene.stage.federation({
        name: 'Two of us',
        schedule: { rounds: 3, recruit: 2, goal: 2, minimum: 2, deadlineSeconds: 600 },
        // Long enough to be looked at.
        tuning: { epochs: 400, batchSize: 8, maxLength: 128, learningRate: 1e-3 },
      });
      const tab = await scene.join('Grace', joinUrl);
      await scene.join('Hedy', joinUrl);
      await tab.start();
      await inState(tab, 'recruiting');
      return tab.page;
    },
  },
  {
    name: 'operator-detail',
    reach: async (scene) => {
      await scene.visit('/operator');
      await scene.visitor.getByRole('link', { name: 'Two of us' }).click();
      await expect(scene.visitor.getByRole('cell', { name: /^Grace/ })).toBeVisible();
      return scene.visitor;
    },
  },
  {
    name: 'work-tuning',
    reach: async (scene) => {
      const tab = scene.tab('Grace');
      await scene.tab('Hedy').start();
      await until('there is a curve to look at', async () => / step ([4-9]|\d\d+) of/.test((await tab.status()).text));
      return tab.page;
    },
  },
  {
    name: 'work-paused',
    reach: async (scene) => {
      const { page } = scene.tab('Grace');
      const actions = page.getByRole('group', { name: 'What you can do' });
      await actions.getByRole('button', { name: 'Pause' }).click();
      await expect(page.getByTestId('status')).toHaveAttribute('data-paused', 'held', { timeout: 60_000 });
      // Nobody looks at what Hedy's tab does from here on.
      const hedys = scene.tab('Hedy').page.getByRole('group', { name: 'What you can do' });
      await hedys.getByRole('button', { name: 'Pause' }).click();
      return page;
    },
  },
  {
    name: 'work-offline',
    reach: async (scene) => {
      const { page } = scene.tab('Grace');
      await page.getByRole('button', { name: 'Resume' }).click();
      await page.context().setOffline(true);
      await expect(page.getByText('You’re offline')).toBeVisible();
      return page;
    },
  },
  {
    name: 'work-other-tab',
    reach: async (scene) => {
      const first = scene.tab('Hedy');
      const second = await first.page.context().newPage();
      await second.goto(first.address);
      await expect(second.getByRole('alert')).toBeVisible({ timeout: 60_000 });
      return second;
    },
  },
];

async function onPage(scene: Scene, path: string, shows: RegExp): Promise<Page> {
  const page = await scene.visit(path);
  await expect(page.getByText(shows).first()).toBeVisible();
  return page;
}

async function inView(scene: Scene, name: string, view: Parameters<typeof openView>[1]): Promise<Page> {
  const { page } = scene.tab(name);
  await openView(page, view);
  return page;
}

async function inState(tab: Tab, state: string): Promise<void> {
  await until(`${tab.name} is ${state}`, async () => (await tab.status()).state === state);
}
