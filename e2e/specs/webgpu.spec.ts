import { join } from 'node:path';
import type { Page, Worker } from 'playwright';
import { expect, test, until } from './stage.ts';
import { writeTinyModel } from './tiny-model.ts';

test('WebGPU and WASM find the same mask and the same personal model, also where the device is lost in between', async ({
  stage,
  browser,
}) => {
  test.setTimeout(300_000);
  writeTinyModel(join(stage.models, 'tiny'), join(stage.models, 'perfit-nano'));
  const [dataset] = stage.texts(1, 16) as [string];
  const sessions = [];
  for (const backend of ['wasm', 'webgpu'] as const) {
    const { joinUrl } = await stage.federation({
      model: 'tiny',
      schedule: { rounds: 2, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 280 },
    });
    const tab = await stage.open(browser, { name: backend, joinUrl, dataset, backend });
    const worker = await workerOf(tab.page);
    if (backend === 'webgpu') await worker.evaluate(makeDevicesTakeable);
    await tab.start();
    if (backend === 'webgpu') {
      await until('it tunes', async () => (await tab.status()).text.startsWith('Tuning on'));
      expect(await worker.evaluate(takeDevicesAway)).toBeGreaterThan(0);
      await until('the loss is told', async () =>
        (await tab.session()).problems.some(({ code }) => code === 'device-lost'),
      );
    }
    await until(`${backend} is through`, async () => (await tab.status()).state === 'finished', { within: 280_000 });
    sessions.push(await tab.session());
    expect(tab.errors).toEqual([]);
  }
  const [wasm, webgpu] = sessions as [(typeof sessions)[0], (typeof sessions)[0]];
  expect([wasm.backend, webgpu.backend]).toEqual(['wasm', 'webgpu']);
  expect(webgpu.kept).toBe(wasm.kept);
  for (const [i, round] of wasm.rounds.entries()) {
    const other = webgpu.rounds[i]?.perplexity;
    for (const of of ['base', 'received', 'tuned'] as const) {
      const [mine, its] = [round.perplexity[of] as number, other?.[of] as number];
      expect(Math.abs(its - mine) / mine, `round ${round.number}, ${of}: ${mine} and ${its}`).toBeLessThan(1e-3);
    }
  }
});

async function workerOf(page: Page): Promise<Worker> {
  return page.workers()[0] ?? page.waitForEvent('worker');
}

// What follows runs in the worker. No browser lets a test break its driver: here a device is destroyed, and says what it
// would say if the driver had taken it.

interface Takeable {
  perfitTake?: (() => void)[];
}

function makeDevicesTakeable(): void {
  const take: (() => void)[] = [];
  (globalThis as Takeable).perfitTake = take;
  Object.defineProperty(GPUDevice.prototype, 'lost', {
    get(this: GPUDevice) {
      return new Promise((resolve) => {
        take.push(() => {
          this.destroy();
          resolve({ reason: 'unknown', message: 'the test took it away' });
        });
      });
    },
  });
}

function takeDevicesAway(): number {
  const all = (globalThis as Takeable).perfitTake?.splice(0) ?? [];
  for (const take of all) take();
  return all.length;
}
