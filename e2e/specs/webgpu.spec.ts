import type { Page, Worker } from 'playwright';
import { isLongForm, longFormReason } from '../../testing/form.ts';
import { openView, type Tab, type, write } from '../demo/tab.ts';
import { expect, test, until } from './stage.ts';

type Session = Awaited<ReturnType<Tab['session']>>;

test('a person’s way on WebGPU, the device lost and the tab reloaded on it, ends at the very mask and model of WASM', async ({
  stage,
  browser,
}) => {
  test.skip(!isLongForm, longFormReason);
  test.setTimeout(420_000);
  const [dataset] = stage.texts(1, 16) as [string];
  const openTab = async (backend: 'wasm' | 'webgpu') => {
    const { joinUrl } = await stage.federation({
      schedule: { rounds: 2, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 280 },
    });
    return stage.open(browser, { name: backend, joinUrl, dataset, backend });
  };
  const plain = await openTab('wasm');
  await plain.start();
  const wasm = await finished(plain);
  await plain.close();

  const tab = await openTab('webgpu');
  await measuresTheGraphicsProcessor(tab);
  await losesItsDevice(tab);
  await pausesOverAReload(tab);
  const webgpu = await finished(tab);
  await test.step('both models answer side by side, and the adapter leaves', async () => {
    await answers(tab, 'base', 'personal');
    await openView(tab.page, 'Export');
    const adapter = tab.page.waitForEvent('download', (file) => file.suggestedFilename().endsWith('.safetensors'));
    await tab.page.getByRole('button', { name: 'Export adapter' }).click();
    await adapter;
  });
  await test.step('another day the model is loaded from this browser, and answers', async () => {
    await tab.reload();
    await tab.page.getByRole('button', { name: 'Load my model' }).click();
    await answers(tab, 'personal');
  });
  expect([...plain.errors, ...tab.errors]).toEqual([]);

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

async function measuresTheGraphicsProcessor({ page }: Tab): Promise<void> {
  await test.step('the device check measures the graphics processor', async () => {
    await (await workerOf(page)).evaluate(makeDevicesTakeable);
    await expect(page.getByTestId('device').getByText('GPU', { exact: true })).toBeVisible();
    await expect(page.getByTestId('device')).toContainText(/\d GFLOP\/s/, { timeout: 60_000 });
    await expect(page.getByTestId('device-holds')).toHaveAttribute('data-verdict', 'fits');
  });
}

async function losesItsDevice(tab: Tab): Promise<void> {
  await test.step('a device that is lost is told, and another one taken', async () => {
    await tab.start();
    await until('it tunes', async () => (await tab.status()).text.startsWith('Tuning on'));
    expect(await (await workerOf(tab.page)).evaluate(takeDevicesAway)).toBeGreaterThan(0);
    await until('the loss is told', async () =>
      (await tab.session()).problems.some(({ code }) => code === 'device-lost'),
    );
  });
}

async function pausesOverAReload(tab: Tab): Promise<void> {
  const { page } = tab;
  const actions = page.getByRole('group', { name: 'What you can do' });
  const isPaused = async () => (await page.getByTestId('status').getAttribute('data-paused')) === 'held';
  await test.step('a pause survives a reload, the base model answers meanwhile, and the work goes on', async () => {
    await actions.getByRole('button', { name: 'Pause' }).click();
    await until('it stands still', isPaused);
    const { client } = await tab.session();
    await tab.reload();
    await until('it is back, as it went', isPaused);
    await openView(page, 'Chat');
    await page.getByRole('button', { name: 'Settings' }).click();
    // Random weights come to no end by themselves. The setting is kept for the next visits.
    await type(page.getByRole('textbox', { name: 'Max tokens' }), '8');
    await answers(tab, 'base');
    await actions.getByRole('button', { name: 'Resume' }).click();
    expect((await tab.session()).client).toBe(client);
  });
}

async function answers({ page }: Tab, ...whos: ('base' | 'personal')[]): Promise<void> {
  const chat = page.getByRole('region', { name: 'Try it' });
  await openView(page, 'Chat');
  await write(page, 'What time do you open?');
  await chat.getByRole('button', { name: 'Send' }).click();
  for (const who of whos) await expect(chat.getByTestId(`answer-${who}`).last()).toHaveText(/\S/);
  await expect(chat.getByRole('button', { name: 'Send' })).toBeVisible();
}

async function finished(tab: Tab): Promise<Session> {
  await until(`${tab.name} is through`, async () => (await tab.status()).state === 'finished', { within: 280_000 });
  return tab.session();
}

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
