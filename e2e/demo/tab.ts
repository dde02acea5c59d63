import { type SessionRecord, sessionRecordSchema } from '@perfit/protocol';
import type { Browser, BrowserContext, Locator, Page } from 'playwright';
import type { Answer } from './result.ts';

/** Ticks what a person must understand before they take part. */
export async function agree(page: Page): Promise<void> {
  await page.getByRole('checkbox', { name: /^I understand/ }).check({ timeout: 60_000 });
}

/** As a person does, key by key: filling a field in at once goes past React in Firefox. */
export async function type(field: Locator, text: string): Promise<void> {
  await field.press('ControlOrMeta+a');
  await field.pressSequentially(text);
}

/** Shows one of a session's views. */
export async function openView(page: Page, name: 'Result' | 'Chat' | 'Export' | 'Ledger' | 'Settings'): Promise<void> {
  await page.getByRole('tab', { name, exact: true }).click();
}

/** Writes a message to the models. */
export async function write(page: Page | Locator, text: string): Promise<void> {
  await type(page.getByLabel('Your message'), text);
}

export interface TabOptions {
  readonly name: string;
  readonly joinUrl: string;
  /** A local text, as a path. */
  readonly dataset: string;
  readonly backend: 'auto' | 'webgpu' | 'wasm';
  /** Of WebAssembly; 1 where absent: tabs that share the cores would only fight over them with a pool in each. */
  readonly threads?: number;
  /** [PF9] Whether it compares with tuning alone: twice the computing. Not, where absent. */
  readonly compares?: boolean;
  /** Whether its person ticks that losses and perplexities are shared; not where absent. */
  readonly shareEvaluation?: boolean;
}

/**
 * One person's tab: its own browser context, so its own key and storage. It is driven as a person would,
 * by the file picker and the Start button.
 */
export class Tab {
  readonly name: string;
  readonly #context: BrowserContext;
  readonly #options: TabOptions;
  /** Errors that the page did not catch, and what it logged as errors. */
  readonly errors: string[] = [];
  page: Page;

  private constructor(context: BrowserContext, page: Page, options: TabOptions) {
    this.name = options.name;
    this.#context = context;
    this.#options = options;
    this.page = page;
    this.#watch(page);
  }

  static async open(browser: Browser, options: TabOptions): Promise<Tab> {
    return Tab.openIn(await browser.newContext(), options);
  }

  /** In a context of its own, which {@link Tab.close} closes. */
  static async openIn(context: BrowserContext, options: TabOptions): Promise<Tab> {
    const tab = new Tab(context, await context.newPage(), options);
    await tab.page.goto(tab.address);
    return tab;
  }

  get address(): string {
    const url = new URL(this.#options.joinUrl);
    url.searchParams.set('name', this.#options.name);
    url.searchParams.set('backend', this.#options.backend);
    url.searchParams.set('threads', String(this.#options.threads ?? 1));
    url.searchParams.set('compare', this.#options.compares ? 'yes' : 'no');
    return url.href;
  }

  /** Picks the local text, agrees and starts. */
  async start(): Promise<void> {
    await this.page.getByTestId('dataset-file').setInputFiles(this.#options.dataset);
    await agree(this.page);
    if (this.#options.shareEvaluation) await this.page.getByRole('checkbox', { name: /^Also share/ }).check();
    const start = this.page.getByRole('button', { name: 'Start', exact: true });
    await start.click({ timeout: 60_000 });
  }

  /** One word for where the tab is, and what its status line says. */
  async status(): Promise<{ state: string; text: string }> {
    const status = this.page.getByTestId('status');
    const [state, text] = await Promise.all([status.getAttribute('data-state'), status.textContent()]);
    return { state: state ?? 'unknown', text: (text ?? '').replaceAll(/\s+/g, ' ').trim() };
  }

  async session(): Promise<SessionRecord> {
    return sessionRecordSchema.parse(await this.page.evaluate('window.perfit.session()'));
  }

  /**
   * What both models answer to the first of the person's own held-out questions, each taking the likeliest word every time.
   * @returns null where the text asks nothing
   */
  async answer(): Promise<Omit<Answer, 'client'> | null> {
    await openView(this.page, 'Chat');
    const start = this.page.getByTestId('chat-start').first();
    if (!(await start.isVisible())) return null;
    await start.click();
    const question = await this.page.getByLabel('Your message').inputValue();
    await this.page.getByRole('button', { name: 'Settings' }).click();
    await type(this.page.getByLabel('Temperature'), '0');
    await this.page.getByRole('button', { name: 'Settings' }).click();
    await this.page.getByRole('button', { name: 'Send' }).click();
    await this.page.getByRole('button', { name: 'Stop', exact: true }).last().waitFor({ state: 'visible' });
    await this.page.getByRole('button', { name: 'Send' }).waitFor({ state: 'visible', timeout: 600_000 });
    const said = async (who: string) =>
      ((await this.page.getByTestId(`answer-${who}`).last().textContent()) ?? '').trim();
    return { question, expected: await said('expected'), base: await said('base'), personal: await said('personal') };
  }

  async reload(): Promise<void> {
    await this.page.reload();
  }

  /** Closes the page as a killed tab: no goodbye. The person's storage stays. */
  async kill(): Promise<void> {
    await this.page.close({ runBeforeUnload: false });
  }

  /** The same person opens the address again. */
  async reopen(): Promise<void> {
    this.page = await this.#context.newPage();
    this.#watch(this.page);
    await this.page.goto(this.address);
  }

  close(): Promise<void> {
    return this.#context.close();
  }

  #watch(page: Page): void {
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('crash', () => this.errors.push('the tab crashed'));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
  }
}
