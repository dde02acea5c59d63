import type { Page } from 'playwright';
import { type } from '../demo/tab.ts';
import { expect, test, until } from './stage.ts';

const narrow = { width: 360, height: 780 };

test('a stranger learns what is asked of them, agrees, and mends a wrong invite in place', async ({
  stage,
  browser,
  browserName,
}) => {
  const { id, joinUrl } = await stage.federation({
    access: 'invite',
    host: { name: 'The village hall', contact: 'mailto:hall@example.org' },
    schedule: { rounds: 1, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 120 },
  });
  const address = new URL(joinUrl);
  const invite = address.searchParams.get('invite') as string;
  address.searchParams.set('invite', 'not-this-one');
  const context = await browser.newContext({ viewport: narrow });
  const page = await context.newPage();
  await page.addInitScript(watchShifts);
  const code = page.getByLabel('Invite code');

  await test.step('the invite leaves the address, and a reload still has it', async () => {
    await page.goto(address.href);
    await expect(code).toHaveValue('not-this-one');
    await expect.poll(() => page.url()).not.toContain('not-this-one');
    await page.reload();
    await expect(code).toHaveValue('not-this-one');
  });

  await test.step('who runs it, and what it costs this device', async () => {
    await expect(page.getByTestId('host')).toContainText('Run by The village hall');
    await expect(page.getByRole('link', { name: 'hall@example.org' })).toHaveAttribute(
      'href',
      'mailto:hall@example.org',
    );
    await expect(page.getByTestId('device')).toContainText(/\d GFLOP\/s/);
    await expect(page.getByTestId('device-holds')).toHaveAttribute('data-verdict', 'fits');
    await expect(page.getByTestId('computing-time')).toContainText(/second.*a text like the samples/);
    expect(await page.evaluate<number>('window.shifted')).toBeLessThan(0.1);
    expect(await isTooWide(page)).toBe(false);
    await page.getByTestId('device').click();
    await page.getByRole('button', { name: 'Measure again' }).click();
    await expect(page.getByTestId('device')).toContainText(/\d GFLOP\/s/);
  });

  await test.step('little text is warned of, much of it can be used in part, a sample is one click away', async () => {
    const few = stage.file('few.jsonl', rows(12));
    await page.getByTestId('dataset-file').setInputFiles(few);
    await expect(page.getByText(/^12 examples are enough to see how it works/)).toBeVisible();
    await page.getByTestId('dataset-file').setInputFiles(stage.file('many.jsonl', rows(2500)));
    await page.getByRole('button', { name: /^Use \d+ of them$/ }).click();
    await expect(page.getByText(/^[1-9]\d+ of 2,500 examples are used$/)).toBeVisible();
    await page.getByRole('button', { name: 'Use a sample instead' }).click();
    await page.getByRole('button', { name: 'Use the sample Bicycle workshop' }).click();
    await expect(page.getByTestId('dataset-tokens')).toHaveText(/\d,\d{3}/);
    await expect(page.getByTestId('computing-time')).toContainText('for your text');
    expect(await isTooWide(page)).toBe(false);
  });

  const start = page.getByRole('button', { name: 'Start', exact: true });
  const understand = page.getByRole('checkbox', { name: /^I understand what is computed/ });
  await test.step('nothing is ticked for them, and nothing starts without it', async () => {
    await type(page.getByLabel('Your display name'), 'Ada');
    await expect(page.getByRole('checkbox', { name: /^Also share/ })).not.toBeChecked();
    await expect(understand).not.toBeChecked();
    await expect(start).toBeDisabled();
    await understand.check();
  });

  await test.step('a wrong invite gets a sentence beside its field, and nothing is lost', async () => {
    await start.click();
    await expect(code).toHaveAttribute('aria-invalid', 'true');
    await expect(code).toHaveAccessibleDescription(/doesn’t recognize this code/);
    await expect(page.getByLabel('Your display name')).toHaveValue('Ada');
    await expect(page.getByTestId('dataset-tokens')).toBeVisible();
    await type(code, invite);
    await expect(code).not.toHaveAttribute('aria-invalid', 'true');
    await start.click();
  });

  const state = () => page.getByTestId('status').getAttribute('data-state');
  await until('the federation is over', async () => (await state()) === 'finished');
  await test.step('what was agreed to is kept here, word by word, and noted there', async () => {
    const [kept] = await page.evaluate<Kept[]>(keptSessions);
    expect(kept?.consent).toMatchObject({ version: expect.stringMatching(/^[0-9a-f]{64}$/), shareEvaluation: false });
    expect(kept?.consent.sentences).toContain('I understand what is computed here and what is sent.');
    const { events, rounds } = await stage.operator.detail(id);
    const consents = events.filter(({ kind }) => kind === 'client-consented').map(({ text }) => text);
    expect(consents).toHaveLength(1);
    expect(consents[0]).toContain(`Ada agreed to take part at ${new Date(kept?.consent.at ?? 0).toISOString()}`);
    expect(consents[0]).toContain(kept?.consent.version.slice(0, 8));
    // What was not ticked is not told.
    expect(rounds[0]?.submissions).toMatchObject([{ loss: null, perplexity: null }]);
    await page.reload();
    await page.getByText('What you agreed to').click();
    await expect(page.getByText('You don’t share how well the model does on your text.')).toBeVisible();
    await expect(page.getByText('I understand what is computed here and what is sent.')).toBeVisible();
  });
  await context.close();

  // Firefox has no WebGPU without a real graphics processor.
  if (browserName !== 'chromium') return;
  await test.step('the same on WebGPU: the measurement is of that', async () => {
    const other = await browser.newContext({ viewport: narrow });
    const there = await other.newPage();
    const { joinUrl: open } = await stage.federation({ access: 'open' });
    await there.goto(`${open}?backend=webgpu`);
    await expect(there.getByTestId('device').getByText('GPU', { exact: true })).toBeVisible();
    await expect(there.getByTestId('device')).toContainText(/\d GFLOP\/s/, { timeout: 60_000 });
    await there.getByTestId('device').click();
    await expect(there.getByTestId('device-holds')).toContainText(/f32 weights takes about \d+ MB of graphics memory/);
    await expect(there.getByRole('row', { name: /Largest buffer \d/ })).toBeVisible();
    expect(await isTooWide(there)).toBe(false);
    await other.close();
  });
});

interface Kept {
  readonly consent: {
    readonly at: number;
    readonly version: string;
    readonly sentences: readonly string[];
    readonly shareEvaluation: boolean;
  };
}

const keptSessions = `new Promise((resolve, reject) => {
  const opening = indexedDB.open('perfit');
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const all = opening.result.transaction('sessions').objectStore('sessions').getAll();
    all.onsuccess = () => { opening.result.close(); resolve(all.result); };
    all.onerror = () => reject(all.error);
  };
})`;

/** What moves without the person having done anything, added up. */
const watchShifts = `
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
`;

function rows(count: number): string {
  const row = (i: number) =>
    JSON.stringify({ instruction: `What is ${i}?`, response: `It is the number ${i}, surely.` });
  return Array.from({ length: count }, (_, i) => row(i)).join('\n');
}

function isTooWide(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
}
