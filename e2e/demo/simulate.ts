import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FederationConfigInput } from '@perfit/protocol';
import { AdminClient } from '@perfit/protocol/admin';
import type { Browser } from 'playwright';
import { launchBrowser } from './browser.ts';
import { CoordinatorProcess, projectRoot } from './coordinator-process.ts';
import { type LocalText, localTexts } from './local-texts.ts';
import { servedModel } from './model-folder.ts';
import { type Answer, composeResult, type SimulationResult } from './result.ts';
import { Tab } from './tab.ts';

export interface SimulationOptions {
  readonly clients: number;
  readonly rounds: number;
  readonly strategy: NonNullable<FederationConfigInput['strategy']>;
  /** A Hugging Face folder, a GGUF file, or a repository of the Hub. */
  readonly model: string;
  readonly data: readonly string[];
  /** The most rows of its file that one client gets. */
  readonly examples: number;
  readonly backend: 'auto' | 'webgpu' | 'wasm';
  readonly headed: boolean;
  readonly keep: boolean;
  readonly seed: number;
  /** Whether each tab's models answer a question that was held out, at the end. */
  readonly answers: boolean;
  /** The whole run. */
  readonly timeoutSeconds: number;
  readonly say: (line: string) => void;
}

const SOFTWARE_WARNING =
  'WebGPU without a GPU is emulated on the processor, far slower than WASM: --clients 1 --examples 12 --rounds 1 keeps it short.';

const END_STATES = ['finished', 'failed', 'stopped'];

/** A whole federation in real tabs: coordinator, browser, one tab a client, until the last round is committed. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const startedAt = new Date();
  const began = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'perfit-demo-'));
  const texts = localTexts(options.data, {
    clients: options.clients,
    examples: options.examples,
    folder: join(folder, 'texts'),
  });
  for (const text of texts) options.say(`${text.name}: ${describeRows(text)}`);

  const { modelsDirectory, id: model } = servedModel(options.model, join(folder, 'models'));
  const operatorPassword = `demo-${crypto.randomUUID()}`;
  const coordinator = await CoordinatorProcess.start({
    dataDirectory: join(folder, 'coordinator'),
    modelsDirectory,
    operatorPassword,
  });
  options.say(`coordinator listens on ${coordinator.url}`);
  let browser: Browser | null = null;
  try {
    const login = { name: 'operator', password: operatorPassword };
    const operator = await AdminClient.signedIn({ url: coordinator.url, fetch }, login);
    const recipe = (await operator.models()).find(({ id }) => id === model)?.recipe ?? {};
    const { id, joinUrl } = await operator.create(demoFederation(options, { model, recipe }));
    await operator.act(id, 'start');

    const launched = await launchBrowser({ headed: options.headed, origin: coordinator.url });
    browser = launched.browser;
    if (options.backend === 'webgpu' && launched.isSoftware) options.say(SOFTWARE_WARNING);
    options.say(`${browser.browserType().name()} ${browser.version()} opens ${texts.length} tabs`);
    const { backend } = options;
    const tabs = await Promise.all(
      texts.map(({ name, file }) =>
        Tab.open(browser as Browser, { name, joinUrl, dataset: file, backend, compares: true }),
      ),
    );
    await Promise.all(tabs.map((tab) => tab.start()));

    const deadline = began + options.timeoutSeconds * 1000;
    const troubles = await watch({ operator, id, tabs, deadline, say: options.say });
    const sessions = await Promise.all(tabs.map((tab) => tab.session()));
    const detail = await operator.detail(id);
    const seconds = (performance.now() - began) / 1000;
    const answers = options.answers && troubles.length === 0 ? await ask(tabs, options.say) : [];
    return composeResult({ startedAt, seconds, detail, sessions, answers, troubles });
  } catch (error) {
    options.say(`The coordinator's last words:\n${coordinator.log.slice(-20).join('\n')}`);
    throw error;
  } finally {
    await browser?.close();
    await coordinator.stop();
    if (options.keep) options.say(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

/** Small enough for three tabs on two cores in under three minutes; every part of PerFIT runs. */
function demoFederation(
  options: SimulationOptions,
  { model, recipe }: { model: string; recipe: FederationConfigInput['tuning'] },
): FederationConfigInput {
  return {
    name: 'PerFIT demo',
    description: 'A demonstration federation in browser tabs of one machine.',
    model,
    strategy: options.strategy,
    receive: 'owned',
    lora: { rank: 8, expansion: 2, alpha: 16 },
    // The tabs are all of one person, who wants to see what each has found.
    smallestGroup: 1,
    search: { warmupEpochs: 1, iterations: 3, batches: 2, score: 'taylor', scope: 'tensor' },
    tuning: { epochs: 1, batchSize: 8, maxLength: 128, ...recipe },
    schedule: {
      rounds: options.rounds,
      goal: options.clients,
      minimum: Math.min(options.clients, 2),
      recruit: options.clients,
      deadlineSeconds: options.timeoutSeconds,
    },
    access: 'invite',
    seed: options.seed,
  };
}

/** Says what changes until the federation has ended and every tab knows what it keeps. @returns sentences about trouble, none where all went well */
async function watch(options: {
  operator: AdminClient;
  id: string;
  tabs: readonly Tab[];
  deadline: number;
  say: (line: string) => void;
}): Promise<string[]> {
  const { operator, id, tabs, deadline, say } = options;
  const shown = new Map<string, string>();
  const show = (who: string, what: string) => {
    if (shown.get(who) === what) return;
    shown.set(who, what);
    say(`${who}: ${what}`);
  };
  for (;;) {
    const detail = await operator.detail(id);
    let finished = 0;
    for (const tab of tabs) {
      const { state, text } = await tab.status();
      show(tab.name, text);
      if (state === 'failed') return [`${tab.name} failed: ${text}`, ...tab.errors];
      if (state === 'finished') finished++;
    }
    for (const round of detail.rounds) {
      show(
        `round ${round.number}`,
        `${round.state}, ${round.submissions.length} submissions${round.reason ? `: ${round.reason}` : ''}`,
      );
    }
    if (END_STATES.includes(detail.status.state) && finished === tabs.length) return [];
    if (performance.now() > deadline) return ['The time for the whole run was over before every tab had finished.'];
    await sleep(1000);
  }
}

/** One tab after another: each has the machine for itself, as a person would. */
async function ask(tabs: readonly Tab[], say: (line: string) => void): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const tab of tabs) {
    say(`${tab.name}: both models answer a question that was held out`);
    const answer = await tab.answer();
    if (answer) answers.push({ client: tab.name, ...answer });
  }
  return answers;
}

function describeRows({ rows, file }: LocalText): string {
  if (!rows) return basename(file);
  return rows.used === rows.of ? `${rows.of} rows` : `${rows.used} of ${rows.of} rows (--examples takes more)`;
}

export const defaultModel = join(projectRoot, 'models', 'perfit-nano');
export const defaultData = join(projectRoot, 'samples');
