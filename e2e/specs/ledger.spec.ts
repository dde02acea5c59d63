import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeMask, decodeValues, readMaskHeader, readValuesHeader } from '@perfit/protocol';
import type { Locator, Page } from 'playwright';
import { agree, openView, type } from '../demo/tab.ts';
import { expect, type Stage, test, until } from './stage.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const alone = { recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 120 };

test('everything that left can be read, checked, kept and deleted', async ({ stage, browser }) => {
  test.setTimeout(300_000);
  const { id, joinUrl } = await stage.federation({ schedule: { ...alone, rounds: 2 } });
  const [dataset] = stage.texts(1, 40) as [string];
  const tab = await stage.open(browser, { name: 'Ada', joinUrl, dataset, backend: 'wasm' });
  await tab.start();
  await until('the federation is finished', async () => (await tab.status()).state === 'finished');
  const { page } = tab;
  page.setDefaultTimeout(30_000);
  await openView(page, 'Ledger');
  const { rounds } = await stage.operator.detail(id);
  const norms = new Map(rounds.map(({ number, submissions }) => [number, submissions[0]?.norm]));

  await test.step('a delta is what was sent: hash, count and length', async () => {
    for (const round of [1, 2]) {
      const { bytes, dialog } = await opened(page, 'Your changes', round);
      const header = readValuesHeader(bytes);
      const values = decodeValues(bytes, header);
      const norm = Math.hypot(...values);
      expect(norm).toBeCloseTo(norms.get(round) ?? 0, 5);
      await expect(fact(dialog, 'Values')).toHaveText(header.count.toLocaleString('en'));
      expect(Number(await fact(dialog, 'L2 norm').textContent())).toBeCloseTo(norm, 2);
      await expect(fact(dialog, 'Format')).toHaveText(header.dtype);
      expect(await sumOf(dialog, 'Values')).toBe(header.count);
      await expect(dialog.getByRole('img', { name: /^Histogram of/ })).toBeVisible();
      // What the coordinator said of it: its receipt.
      await dialog.getByText('Messages that carried it').click();
      await dialog
        .getByRole('button', { name: /^Completion/ })
        .last()
        .click();
      await expect(dialog.getByText(`"sha256": "${sha256(bytes)}"`)).toBeVisible();
      await page.keyboard.press('Escape');
    }
  });

  await test.step('a mask is what the coordinator has on file', async () => {
    const { bytes, dialog } = await opened(page, 'Your mask', 1);
    const blob = readFileSync(join(stage.coordinatorFolder, 'blobs', sha256(bytes)));
    expect(new Uint8Array(blob)).toEqual(bytes);
    const mask = await decodeMask(bytes, readMaskHeader(bytes));
    await expect(fact(dialog, 'Parameters you own')).toHaveText(mask.kept.toLocaleString('en'));
    expect(await sumOf(dialog, 'Values')).toBe(mask.kept);
    await page.keyboard.press('Escape');
  });

  await test.step('every message is in the list that is saved, with the hash of its bytes', async () => {
    await check(page);
    const lines = (await saved(page, 'Save list')).toString().trimEnd().split('\n');
    const list = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const kinds = new Set(list.map(({ kind }) => kind));
    for (const kind of ['hello', 'prove', 'ready', 'offer', 'announce', 'chunk', 'complete', 'download', 'fetch']) {
      expect(kinds, kind).toContain(kind);
    }
    expect(list.every((entry) => /^[0-9a-f]{64}$/.test(String(entry.sha256)))).toBe(true);
    await show(page, 'Ready');
    await page.getByRole('button', { name: /^Ready, .*: open/ }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByText('"name": "Ada"')).toBeVisible();
    const bytes = await saved(dialog, 'Save bytes');
    const entry = list.find(({ kind, direction }) => kind === 'ready' && direction === 'up');
    expect(entry).toMatchObject({ sha256: sha256(bytes), bytes: bytes.length });
    await page.keyboard.press('Escape');
  });

  await test.step('it is all there after the tab was closed, without the model', async () => {
    await page.goto(new URL('/history', stage.url).href);
    const entry = page.getByTestId('history-entry');
    await expect(entry.getByRole('heading', { name: 'Quick federation' })).toBeVisible();
    await expect(entry).toContainText('2 of 2');
    await expect(entry).toContainText('Finished');
    await entry.getByText('What you agreed to').click();
    await expect(entry).toContainText('You don’t share how well the model does on your text.');
    await entry.getByRole('link', { name: 'View ledger' }).click();
    const { bytes } = await opened(page, 'Your changes', 2);
    expect(Math.hypot(...decodeValues(bytes, readValuesHeader(bytes)))).toBeCloseTo(norms.get(2) ?? 0, 5);
    await page.keyboard.press('Escape');
    await check(page);
  });

  await test.step('bytes that were changed on this device are noticed', async () => {
    await page.evaluate(damageOneMessage);
    await page.getByRole('button', { name: 'Check hashes' }).click();
    await expect(page.getByText(/^1 of .* don’t match their recorded hash/)).toBeVisible();
  });

  const other = await atWorkElsewhere(stage, page, dataset);

  await test.step('what cannot be read is shown, and can be deleted; what a tab is at work with cannot', async () => {
    await page.evaluate(keepGarbage);
    await page.getByRole('link', { name: 'History' }).click();
    const entries = page.getByTestId('history-entry');
    await expect(entries).toHaveCount(3);
    const garbage = entries.filter({ hasText: 'Can’t be read' });
    await garbage.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await expect(garbage).toHaveCount(0);
    const busy = entries.filter({ hasText: 'In use in another tab' });
    await expect(busy.getByRole('button', { name: 'Delete' })).toBeDisabled();
    await deleteEverything(page);
    await expect(page.getByRole('alert')).toHaveAttribute('data-code', 'other-tab');
    await expect(entries).toHaveCount(2);
  });

  await test.step('one is deleted, and then everything', async () => {
    await other.close();
    await page.reload();
    const entries = page.getByTestId('history-entry');
    await entries.filter({ hasText: 'Quick federation' }).getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await expect(entries).toHaveCount(1);
    const between = await page.evaluate(keptHere);
    expect(between).toMatchObject({ seats: [expect.stringMatching(/\/two$/)], discarded: 1 });
    await page.getByRole('status').getByRole('button', { name: 'Undo' }).click();
    await expect(entries).toHaveCount(2);
    await entries.filter({ hasText: 'Quick federation' }).getByRole('link', { name: 'View ledger' }).click();
    const { bytes } = await opened(page, 'Your changes', 1);
    expect(decodeValues(bytes, readValuesHeader(bytes)).length).toBeGreaterThan(0);
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'History' }).click();
    await entries.filter({ hasText: 'Quick federation' }).getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await expect(page.getByRole('status').getByRole('button', { name: 'Undo' })).toBeVisible();
    // A tab that is closed or opened anew cannot undo it: nothing stays of it.
    await page.reload();
    await expect(entries).toHaveCount(1);
    await expect.poll(async () => (await page.evaluate(keptHere)).discarded).toBe(0);
    expect((await page.evaluate(keptHere)).seats).toEqual([expect.stringMatching(/\/two$/)]);
    await page.evaluate(() => localStorage.setItem('left', 'over'));
    await deleteEverything(page);
    await expect(page.getByText('Everything was deleted')).toBeVisible();
    await expect(page.getByText('1 downloaded model')).toBeVisible();
    await expect(page.getByText('Nothing yet')).toBeVisible();
    expect(await page.evaluate(keptHere)).toEqual({
      seats: [],
      records: 0,
      discarded: 0,
      files: [],
      caches: [],
      settings: 0,
    });
  });
  expect(tab.errors).toEqual([]);
});

/** Shows one kind of message alone. */
async function show(page: Page, kind: string): Promise<void> {
  await page.getByRole('combobox', { name: 'Message type' }).click();
  await page.getByRole('option', { name: kind, exact: true }).click();
}

/** Opens an upload of a round, and takes its bytes home: they have the hash that the page shows. */
async function opened(page: Page, kind: string, round: number): Promise<{ bytes: Uint8Array; dialog: Locator }> {
  await show(page, kind);
  const row = page
    .getByTestId('ledger')
    .getByRole('row')
    .filter({ has: page.getByRole('cell', { name: String(round), exact: true }) });
  await row.getByRole('button', { name: new RegExp(`^${kind}`) }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('The bytes stored here match this hash.')).toBeVisible();
  const bytes = await saved(dialog, 'Save bytes');
  await expect(dialog.getByRole('row', { name: 'SHA-256' })).toContainText(sha256(bytes));
  return { bytes: new Uint8Array(bytes), dialog };
}

async function saved(within: Page | Locator, button: string): Promise<Buffer> {
  const page = 'page' in within ? within.page() : within;
  const download = page.waitForEvent('download');
  await within.getByRole('button', { name: button }).click();
  return readFileSync(await (await download).path());
}

async function check(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Check hashes' }).click();
  await expect(page.getByText(/messages checked: all match their recorded hash/)).toBeVisible();
}

/** The value under a label. */
function fact(dialog: Locator, label: string): Locator {
  return dialog
    .getByTestId('values-view')
    .getByText(label, { exact: true })
    .first()
    .locator('xpath=following-sibling::*[1]');
}

/** Of a column of the table by module. */
async function sumOf(dialog: Locator, column: string): Promise<number> {
  await dialog.getByText('Table view').click();
  const table = dialog.getByRole('table').filter({ has: dialog.page().getByRole('columnheader', { name: column }) });
  const cells = await table.locator('tbody tr td:nth-child(3)').allTextContents();
  expect(cells.length).toBeGreaterThan(0);
  return cells.reduce((sum, cell) => sum + Number((cell.split(' ')[0] ?? '').replaceAll(',', '')), 0);
}

/** Another tab of the same browser that waits to be joined by others. */
async function atWorkElsewhere(stage: Stage, page: Page, dataset: string): Promise<Page> {
  const { joinUrl } = await stage.federation({
    name: 'Waiting',
    schedule: { ...alone, recruit: 2, goal: 2, rounds: 1 },
  });
  const other = await page.context().newPage();
  await other.goto(`${joinUrl}&name=Two&backend=wasm&threads=1&as=two`);
  await other.getByTestId('dataset-file').setInputFiles(dataset);
  await agree(other);
  await other.getByRole('button', { name: 'Start', exact: true }).click();
  await expect(other.getByTestId('status')).toHaveAttribute('data-state', 'recruiting', { timeout: 90_000 });
  return other;
}

async function deleteEverything(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Delete everything…' }).click();
  const dialog = page.getByRole('dialog');
  const confirm = dialog.getByRole('button', { name: 'Delete everything' });
  await expect(confirm).toBeDisabled();
  await type(dialog.getByLabel('Confirmation'), 'delete');
  await confirm.click();
}

// What follows runs in the page.

async function damageOneMessage(): Promise<void> {
  const db = await new Promise<IDBDatabase>((resolve) => {
    const opening = indexedDB.open('perfit');
    opening.onsuccess = () => resolve(opening.result);
  });
  await new Promise<void>((resolve) => {
    const transaction = db.transaction('ledgerBytes', 'readwrite');
    transaction.objectStore('ledgerBytes').openCursor().onsuccess = (event) => {
      const cursor = (event.target as IDBRequest<IDBCursorWithValue>).result;
      const bytes = cursor.value as Uint8Array;
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      cursor.update(bytes);
    };
    transaction.oncomplete = () => resolve();
  });
  db.close();
}

async function keepGarbage(): Promise<void> {
  const db = await new Promise<IDBDatabase>((resolve) => {
    const opening = indexedDB.open('perfit');
    opening.onsuccess = () => resolve(opening.result);
  });
  await new Promise<void>((resolve) => {
    const transaction = db.transaction('sessions', 'readwrite');
    transaction.objectStore('sessions').put({ session: 'of another time' }, 'long-ago/');
    transaction.oncomplete = () => resolve();
  });
  db.close();
}

async function keptHere() {
  const db = await new Promise<IDBDatabase>((resolve) => {
    const opening = indexedDB.open('perfit');
    opening.onsuccess = () => resolve(opening.result);
  });
  const seats = new Set<string>();
  let records = 0;
  let discarded = 0;
  for (const store of db.objectStoreNames) {
    const keys = await new Promise<IDBValidKey[]>((resolve) => {
      const asking = db.transaction(store).objectStore(store).getAllKeys();
      asking.onsuccess = () => resolve(asking.result);
    });
    records += keys.length;
    if (store === 'trash') discarded = keys.length;
    for (const key of ['keys', 'records', 'recordParts', 'sessions', 'ledger', 'ledgerBytes'].includes(store)
      ? keys
      : []) {
      seats.add(String(Array.isArray(key) ? key[0] : key));
    }
  }
  db.close();
  const files: string[] = [];
  for await (const name of (await navigator.storage.getDirectory()).keys()) files.push(name);
  return { seats: [...seats], records, discarded, files, caches: await caches.keys(), settings: localStorage.length };
}
