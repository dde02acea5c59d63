import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { agree } from '../demo/tab.ts';
import { expect, type Stage, test, until } from './stage.ts';

/** A folder of what people have: a table with names of their own, records, a chat export, a picture. */
function writeFolder(stage: Stage): string {
  const folder = join(stage.folder, 'Our texts');
  mkdirSync(join(folder, 'chats'), { recursive: true });
  const table = Array.from({ length: 14 }, (_, i) => `${i};Wann kommt Zug ${i}?;Der Zug ${i} kommt um ${i} Uhr.`);
  writeFileSync(join(folder, 'fahrplan.csv'), ['Nr;Frage;Antwort', ...table].join('\n'));
  const records = Array.from({ length: 12 }, (_, i) => ({ prompt: `Is room ${i} free?`, completion: `Room ${i} is.` }));
  // One that is much too long, one that came before.
  const long = { prompt: 'Tell all.', completion: 'There is much to tell of it. '.repeat(120) };
  const lines = [...records, long, records[0]].map((record) => JSON.stringify(record));
  writeFileSync(join(folder, 'rooms.jsonl'), lines.join('\n'));
  const messages = [
    { role: 'user', content: 'Who are you?' },
    { role: 'assistant', content: 'The desk.' },
    { role: 'user', content: 'Until when?' },
    { role: 'assistant', content: 'Until six.' },
  ];
  writeFileSync(join(folder, 'chats', 'export.json'), JSON.stringify({ title: 'One chat', messages }));
  writeFileSync(join(folder, 'photo.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0x10, 0x4a, 0x46]));
  writeFileSync(join(folder, '.hidden'), 'not a text of anybody');
  return folder;
}

/** Runs in the page. */
function keptSessions(): Promise<number> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('perfit');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const counting = opening.result.transaction('sessions').objectStore('sessions').count();
      counting.onsuccess = () => {
        opening.result.close();
        resolve(counting.result);
      };
    };
  });
}

/** As the operating system drops it, folders included: no script in the page can make such a drop. */
async function drop(page: Page, path: string): Promise<void> {
  const area = page.getByTestId('dataset-drop');
  await area.scrollIntoViewIfNeeded();
  const box = await area.boundingBox();
  if (!box) throw new Error('there is nowhere to drop');
  const session = await page.context().newCDPSession(page);
  const at = { x: box.x + box.width / 2, y: box.y + 12 };
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, ...at, data });
  await session.detach();
}

test('a dropped folder is read, its columns are named, and what the model will see of it is shown', async ({
  stage,
  browser,
}) => {
  const { id, joinUrl } = await stage.federation({ schedule: { rounds: 1, recruit: 1, goal: 1, minimum: 1 } });
  const tab = await stage.open(browser, { name: 'Ada', joinUrl, dataset: '', backend: 'wasm' });
  const { page } = tab;
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.method() !== 'GET' && request.method() !== 'HEAD') sent.push(request.url());
  });
  await drop(page, writeFolder(stage));

  const file = (name: string) => page.getByTestId('dataset-file-report').filter({ hasText: name });
  await expect(page.getByTestId('dataset-file-report')).toHaveCount(4);
  await expect(file('photo.jpg').locator('[data-code="data-not-text"]')).toBeVisible();
  await expect(file('rooms.jsonl')).toContainText('13 examples · 1 duplicate');
  await expect(file('chats/export.json')).toContainText('1 example');
  await expect(file('fahrplan.csv').locator('[data-code="data-no-examples"]')).toBeVisible();

  const columns = page.getByRole('group', { name: 'Columns of fahrplan.csv' });
  // One right after the other, before the worker has answered for the first.
  await columns.getByLabel('Instruction').selectOption('Frage');
  await columns.getByLabel('Response').selectOption('Antwort');
  await expect(file('fahrplan.csv')).toContainText('14 examples');

  // 28 examples; one of them is longer than T, and each is on one side.
  await expect(page.getByTestId('dataset-cut')).toHaveText('1');
  await expect(page.getByTestId('dataset-tokens')).toHaveText(/^[1-9][\d,]{2,}$/);
  await page.getByText('Look at your examples').click();
  const rows = page.getByTestId('dataset-rows').locator('tbody tr');
  await expect(rows).toHaveCount(8);
  await page.getByRole('button', { name: '4', exact: true }).click();
  await expect(page.getByText('25 to 28 of 28')).toBeVisible();
  await expect(rows).toHaveCount(4);
  await page.getByText('Cut off', { exact: true }).last().click();
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText('There is much to tell of it.');
  await expect(rows).toContainText(/[1-9][\d,]* cut off/);
  expect(sent).toEqual([]);

  await agree(page);
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await until('the session is kept', () => page.evaluate(keptSessions).then((count) => count === 1));
  // The text with its columns is there again after a reload, however far it had come.
  await tab.reload();
  await until('the federation is over', async () => (await stage.operator.detail(id)).status.state === 'finished');
  await until('the tab is done', async () => (await tab.status()).state === 'finished');
  const { rounds } = await stage.operator.detail(id);
  // Of 28 a fifth is held out, and of the rest a tenth chooses the best round: the others are trained on.
  expect(rounds[0]?.submissions.map(({ examples }) => examples)).toEqual([20]);
  expect(tab.errors).toEqual([]);
});
