import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright';
import { openView } from '../demo/tab.ts';
import { largestTensorBytes, writeLargeModel } from './large-model.ts';
import { expect, test, until } from './stage.ts';

const MEBIBYTE = 2 ** 20;
const weightFile = /\/models\/.*\.safetensors/;

test.use({ ownCoordinator: true });

test('a large model in shards: within its memory, interrupted, resumed, tuned, and started without the network', async ({
  stage,
  browser,
}) => {
  test.setTimeout(600_000);
  const bytes = writeLargeModel(join(stage.models, 'large'), join(stage.models, 'perfit-nano'));
  const { joinUrl } = await stage.federation({
    model: 'large',
    strategy: 'fedit',
    lora: { rank: 2, expansion: 1, alpha: 4, targets: ['q_proj', 'v_proj'] },
    tuning: { epochs: 1, batchSize: 4, maxLength: 16, learningRate: 1e-3 },
    evaluation: { validation: 0 },
    schedule: { rounds: 1, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 550 },
  });
  const [dataset] = stage.texts(1, 10) as [string];
  const tab = await stage.open(browser, { name: 'Ada', joinUrl, dataset, backend: 'webgpu' });
  const traffic = watchTraffic(tab.page);
  await expect(tab.page.getByTestId('device-facts')).toContainText(/SwiftShader|WebGPU/i, { timeout: 60_000 });
  const memory = await WorkerMemory.watch(tab.page);

  await tab.start();
  await until('half of the model is there', async () => traffic.bytes > bytes / 2, { every: 50 });
  await tab.reload();
  const before = traffic.bytes;
  await until('the model is loaded', async () => ['tuning', 'finished'].includes((await tab.status()).state), {
    within: 400_000,
  });

  // What was under way when the tab was reloaded comes twice; nothing else does.
  expect(traffic.bytes - before).toBeLessThan(bytes - before + 24 * MEBIBYTE);
  memory.stop();
  const bound = 1.5 * largestTensorBytes + 64 * MEBIBYTE;
  console.log(`peak of the worker: ${Math.round(memory.peak / MEBIBYTE)} MiB of ${Math.round(bound / MEBIBYTE)}`);
  // It saw the model come: a part of it at least was there at once.
  expect(memory.peak).toBeGreaterThan(8 * MEBIBYTE);
  expect(memory.peak).toBeLessThan(bound);

  await until('it is through', async () => (await tab.status()).state === 'finished', { within: 400_000 });
  const session = await tab.session();
  expect(session.backend).toBe('webgpu');
  // Two steps of four rows at most.
  expect(session.examples?.training).toBeGreaterThan(4);
  expect(session.examples?.training).toBeLessThanOrEqual(8);
  expect(session.rounds[0]?.loss).not.toBeNull();
  expect(session.rounds[0]?.perplexity.tuned).toBeGreaterThan(1);

  await tab.page.route('**/models/**', (route) => route.abort());
  const loaded = traffic.bytes;
  await tab.reload();
  await tab.page.getByRole('button', { name: /Load/ }).click();
  await openView(tab.page, 'Chat');
  await expect(tab.page.getByLabel('Your message')).toBeEnabled({ timeout: 120_000 });
  expect(traffic.bytes).toBe(loaded);
});

/** Bytes of weights that came over the network. */
function watchTraffic(page: Page): { readonly bytes: number } {
  const seen = { bytes: 0 };
  page.on('response', async (response) => {
    if (weightFile.test(response.url()) && response.request().method() === 'GET')
      seen.bytes += Number(response.headers()['content-length'] ?? 0);
  });
  return seen;
}

/**
 * What the engine's worker holds in JavaScript: objects and array buffers. The process would tell more than that: a
 * driven browser keeps the bodies of all answers in it, for its developer tools.
 */
class WorkerMemory {
  readonly #devtools: CDPSession;
  readonly #answers = new Map<number, (usage: HeapUsage) => void>();
  #worker = '';
  #asked = 0;
  #isOver = false;
  peak = 0;

  private constructor(devtools: CDPSession) {
    this.#devtools = devtools;
    devtools.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (targetInfo.type === 'worker') this.#worker = sessionId;
    });
    devtools.on('Target.receivedMessageFromTarget', ({ message }) => {
      const { id, result } = JSON.parse(message) as { id?: number; result?: HeapUsage };
      if (id !== undefined && result) this.#answers.get(id)?.(result);
    });
  }

  static async watch(page: Page): Promise<WorkerMemory> {
    const devtools = await page.context().newCDPSession(page);
    const memory = new WorkerMemory(devtools);
    await devtools.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
    void memory.#sample();
    return memory;
  }

  stop(): void {
    this.#isOver = true;
  }

  async #sample(): Promise<void> {
    while (!this.#isOver) {
      // A worker that is gone does not answer, and the next one is asked.
      const usage = await Promise.race([this.#usage(), pause(1000).then(() => null)]).catch(() => null);
      if (usage) {
        const { usedSize, embedderHeapUsedSize, backingStorageSize } = usage;
        this.peak = Math.max(this.peak, usedSize + embedderHeapUsedSize + backingStorageSize);
      }
      await pause(50);
    }
  }

  async #usage(): Promise<HeapUsage> {
    const id = ++this.#asked;
    const answered = new Promise<HeapUsage>((resolve) => this.#answers.set(id, resolve));
    const message = JSON.stringify({ id, method: 'Runtime.getHeapUsage' });
    await this.#devtools.send('Target.sendMessageToTarget', { sessionId: this.#worker, message });
    return answered;
  }
}

interface HeapUsage {
  readonly usedSize: number;
  readonly embedderHeapUsedSize: number;
  readonly backingStorageSize: number;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
