import { join } from 'node:path';
import { chromium, type Page } from 'playwright';
import { launchOptions } from '../demo/browser.ts';
import { agree, Tab } from '../demo/tab.ts';
import { embeddedModel, expect, type Stage, test, until } from './stage.ts';

const federation = {
  schedule: { rounds: 1, recruit: 2, goal: 2, minimum: 2, deadlineSeconds: 120 },
};

test('a byte that changed at rest is noticed, and its part alone is fetched again', async ({ stage, browser }) => {
  const tab = await recruited(stage, browser);
  const ranges = watchWeights(tab.page);
  await tab.reload();
  await loaded(tab);
  expect(ranges).toEqual([]);

  const damaged = await flipByte(tab.page);
  await tab.reload();
  await loaded(tab);
  expect(ranges).toHaveLength(1);
  expect(await partIsWhole(tab.page, damaged)).toBe(true);
  expect((await tab.session()).problems).toEqual([]);
});

test('two tabs of one person fetch a model once', async ({ stage, browser }) => {
  const { joinUrl } = await stage.federation(federation);
  const [dataset] = stage.texts(1, 40) as [string];
  const tab = await stage.open(browser, { name: 'Ada', joinUrl, dataset, backend: 'wasm' });
  const ranges = watchWeights(tab.page);
  const second = await tab.page.context().newPage();
  const secondRanges = watchWeights(second);
  await second.goto(`${tab.address}&as=two`);
  await second.getByTestId('dataset-file').setInputFiles(dataset);
  await agree(second);
  const startSecond = second.getByRole('button', { name: 'Start', exact: true });
  await expect(startSecond).toBeEnabled({ timeout: 60_000 });
  await Promise.all([tab.start(), startSecond.click()]);
  await until('both are through', async () => {
    const states = [(await tab.status()).state, await second.getByTestId('status').getAttribute('data-state')];
    return states.every((state) => state === 'finished');
  });
  const asked = [...ranges, ...secondRanges];
  expect(asked.length).toBeGreaterThan(0);
  expect(new Set(asked).size).toBe(asked.length);
});

test('where the browser has no room, the model works and the person is told', async ({ stage }) => {
  const { joinUrl } = await stage.federation({ ...federation, model: embeddedModel });
  const [dataset] = stage.texts(1, 40) as [string];
  // A private window keeps its files in memory, and counts them against no quota.
  const context = await chromium.launchPersistentContext(join(stage.folder, 'profile'), launchOptions());
  try {
    const tab = await Tab.openIn(context, { name: 'Ada', joinUrl, dataset, backend: 'wasm' });
    const devtools = await context.newCDPSession(tab.page);
    await devtools.send('Storage.overrideQuotaForOrigin', { origin: new URL(joinUrl).origin, quotaSize: 2_000_000 });
    await tab.start();
    await loaded(tab);
    const [problem] = (await tab.session()).problems;
    expect(problem?.code).toBe('storage-unavailable');
    expect(problem?.message).toMatch(/no room.*perfit-nano.*not kept.*free space/s);
    await expect(tab.page.getByText(/There is no room left/).first()).toBeVisible();
  } finally {
    await context.close();
  }
});

async function recruited(stage: Stage, browser: Parameters<Stage['open']>[0]): Promise<Tab> {
  const { joinUrl } = await stage.federation(federation);
  const [dataset] = stage.texts(1, 40) as [string];
  const tab = await stage.open(browser, { name: 'Ada', joinUrl, dataset, backend: 'wasm' });
  await tab.start();
  await loaded(tab);
  return tab;
}

/** It waits for a second person, who never comes. */
async function loaded(tab: Tab): Promise<void> {
  await until('the model is loaded', async () => (await tab.status()).state === 'recruiting');
}

/** The ranges of weights that the page's worker asks for. */
function watchWeights(page: Page): string[] {
  const ranges: string[] = [];
  page.on('request', (request) => {
    if (/\/models\/.*\.safetensors/.test(request.url())) ranges.push(request.headers().range ?? 'all');
  });
  return ranges;
}

/** @returns the hash of the part that is no longer what it was */
function flipByte(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const parts = await (await navigator.storage.getDirectory()).getDirectoryHandle('model-parts');
    let largest = { name: '', file: new File([], '') };
    for await (const [name, handle] of parts.entries()) {
      const file = await (handle as FileSystemFileHandle).getFile();
      if (file.size > largest.file.size) largest = { name, file };
    }
    const bytes = new Uint8Array(await largest.file.arrayBuffer());
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    const writable = await (await parts.getFileHandle(largest.name)).createWritable();
    await writable.write(bytes);
    await writable.close();
    return largest.name;
  });
}

function partIsWhole(page: Page, hash: string): Promise<boolean> {
  return page.evaluate(async (name) => {
    const parts = await (await navigator.storage.getDirectory()).getDirectoryHandle('model-parts');
    const bytes = await (await (await parts.getFileHandle(name)).getFile()).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('') === name;
  }, hash);
}
