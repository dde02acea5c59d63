import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { largestTensorBytes, writeLargeModel } from './large-model.ts';
import { expect, test, until } from './stage.ts';

const MEBIBYTE = 2 ** 20;
const weightFile = /\/models\/.*\.safetensors/;

test('a sharded model of 270 MB: within its memory, interrupted, resumed, tuned, and started without the network', async ({
  stage,
  browser,
}) => {
  test.setTimeout(600_000);
  const bytes = writeLargeModel(join(stage.models, 'large'), join(stage.models, 'perfit-nano'));
  const { joinUrl } = await stage.federation({
    model: 'large',
    strategy: 'fedit',
    lora: { rank: 2, expansion: 1, alpha: 4, targets: ['q_proj', 'v_proj'] },
    tuning: { epochs: 1, batchSize: 4, maxLength: 32, learningRate: 1e-3 },
    evaluation: { validation: 0 },
    schedule: { rounds: 1, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 550 },
  });
  const [dataset] = stage.texts(1, 10) as [string];
  const tab = await stage.open(browser, { name: 'Ada', joinUrl, dataset, backend: 'webgpu' });
  const traffic = watchTraffic(tab.page);
  await expect(tab.page.getByTestId('device')).toContainText(/SwiftShader|WebGPU/i, { timeout: 60_000 });
  const memory = await RendererMemory.of(browser);

  await tab.start();
  await until('half of the model is there', async () => traffic.bytes > bytes / 2, { every: 50 });
  await tab.reload();
  const before = traffic.bytes;
  await until('the model is loaded', async () => ['tuning', 'finished'].includes((await tab.status()).state), {
    within: 400_000,
  });

  // What was under way when the tab was reloaded comes twice; nothing else does.
  expect(traffic.bytes - before).toBeLessThan(bytes - before + 24 * MEBIBYTE);
  const grown = memory.grown();
  const bound = 1.5 * largestTensorBytes + 64 * MEBIBYTE;
  console.log(`the tab grew by ${Math.round(grown / MEBIBYTE)} MiB of ${Math.round(bound / MEBIBYTE)}`);
  expect(grown).toBeLessThan(bound);

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

/** Resident memory of the browser's pages and workers; what lies on the graphics device is in another process. */
class RendererMemory {
  readonly #before: ReadonlyMap<number, number>;

  private constructor(before: ReadonlyMap<number, number>) {
    this.#before = before;
  }

  static async of(browser: Browser): Promise<RendererMemory> {
    const session = await browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
    // 5 sets the peak of a process back to what it has now.
    for (const id of renderers) writeFileSync(`/proc/${id}/clear_refs`, '5');
    return new RendererMemory(new Map(renderers.map((id) => [id, memoryOf(id, 'VmRSS')])));
  }

  /** The most that one of them has had more than at the start, in bytes. */
  grown(): number {
    return Math.max(...[...this.#before].map(([id, before]) => memoryOf(id, 'VmHWM') - before));
  }
}

function memoryOf(id: number, field: 'VmRSS' | 'VmHWM'): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${id}/status`, 'utf8'));
  return 1024 * Number(line?.[1]);
}
