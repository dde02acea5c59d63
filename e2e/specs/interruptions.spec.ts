import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright';
import { inForm, isLongForm } from '../../testing/form.ts';
import { launchOptions } from '../demo/browser.ts';
import { openView, Tab, write } from '../demo/tab.ts';
import { forgetShifts, shiftsOf, watchShifts } from './layout-shifts.ts';
import { ShakyNetwork } from './shaky-network.ts';
import { countedOnce, expect, type Stage, test, until } from './stage.ts';

/** Attempts to connect while nobody is there: they come further and further apart, some seconds or, in the long form, over a minute. */
const ATTEMPTS = inForm({ short: 4, long: 8 });
/** So many that a quick machine is not through before it has been stopped; in the long form a slow look at a full disk comes before. */
const ROUNDS = inForm({ short: 12, long: 60 });

const federation = {
  // Long enough to be met at it.
  tuning: { epochs: 16, batchSize: 8, maxLength: 128, learningRate: 4e-3 },
  // So long a search that it is met at it, also by who looks seldom.
  search: { warmupEpochs: 12, iterations: 2, batches: 1 },
  schedule: { rounds: ROUNDS, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 200 },
};

test.use({ ownCoordinator: true });

test('pause, lost networks, deleted and full storage, two tabs: one session goes on through all of it', async ({
  stage,
}) => {
  test.setTimeout(600_000);
  const { id, joinUrl } = await stage.federation(federation);
  const network = await ShakyNetwork.open(stage.coordinator);
  // A private window keeps its files in memory, and counts them against no quota.
  const context = await chromium.launchPersistentContext(join(stage.folder, 'profile'), {
    ...launchOptions(),
    serviceWorkers: 'block',
    // All figures are in sight: what moves there is noticed.
    viewport: { width: 1280, height: 1900 },
  });
  // What is not there after a minute is never there: the message says what it was.
  context.setDefaultTimeout(60_000);
  try {
    await watchShifts(context);
    const [dataset] = stage.texts(1, 48) as [string];
    const tab = await Tab.openIn(context, {
      name: 'Ada',
      joinUrl: network.through(joinUrl),
      dataset,
      backend: 'wasm',
    });
    await tab.start();
    await expect(nowIn(tab)).toBeVisible();
    // What moved before the start is not of this session.
    await forgetShifts(tab.page);
    await pausesAndReloads(stage, tab, id);
    await survivesLosses(stage, network, { tab, id });
    await survivesDeletion(context, tab);
    // Half a minute; that a full disk is told is tested next to what writes.
    if (isLongForm) await survivesFullStorage(context, tab);
    await isTakenOverAndBack(stage, context, tab, id);

    await test.step('and finishes', async () => {
      await until('the tab is through', async () => (await tab.status()).state === 'finished', { within: 300_000 });
      const detail = await stage.operator.detail(id);
      expect(countedOnce(detail)).toBe(true);
      expect(detail.rounds.map(({ state }) => state)).toEqual(Array(ROUNDS).fill('committed'));
      expect(detail.clients).toHaveLength(1);
      expect(await tab.page.title()).toBe('Finished · PerFIT');
      // The answer that comes at the end is put above the figures, once.
      const { butOne, worst } = await shiftsOf(tab.page);
      expect(butOne, `moved by itself: ${worst}`).toBeLessThan(0.02);
    });
  } finally {
    await context.close();
    network.close();
  }
});

async function pausesAndReloads(stage: Stage, tab: Tab, id: string): Promise<void> {
  await test.step('a pause in the search survives a reload, and the search goes on where it was', async () => {
    await until('it searches', async () => (await tab.status()).text.startsWith('Warming up'));
    await expect.poll(() => tab.page.title()).toMatch(/^\d+ % · round 1 · PerFIT$/);
    await act(tab, 'Pause');
    await until('it stands still', async () => (await pauseOf(tab)) === 'held');
    expect((await tab.status()).text).toMatch(/^Paused\. /);
    await until('the coordinator knows', async () => {
      const [client] = (await stage.operator.detail(id)).clients;
      return client?.progress?.phase === 'paused';
    });
    await nothingMoved(tab);
    await tab.reload();
    await until('it is back, as it went', async () => (await pauseOf(tab)) === 'held');
    await expect(nowIn(tab).getByText('Computing is paused.')).toBeVisible();
    await nothingMoved(tab);
    await chats(tab);
    await openView(tab.page, 'Result');
    // A chat grows where one looks at it; what is watched is that the figures stand still.
    await tab.page.evaluate(() => scrollTo(0, 0));
    await forgetShifts(tab.page);
    await act(tab, 'Resume');
    await until('it goes on', async () => (await pauseOf(tab)) === null);
    await until('it tunes', async () => (await tab.status()).text.startsWith('Tuning on'));
  });
}

async function survivesLosses(
  stage: Stage,
  network: ShakyNetwork,
  { tab, id }: { tab: Tab; id: string },
): Promise<void> {
  const committed = async () => (await stage.operator.detail(id)).rounds.filter(({ state }) => state === 'committed');

  await test.step('without a network it goes on tuning, and sends when it is back', async () => {
    await tab.page.context().setOffline(true);
    network.cut();
    await expect(nowIn(tab).getByText('No connection. Computing continues')).toBeVisible();
    const step = await stepOf(tab);
    await until('it goes on meanwhile', async () => {
      const now = await stepOf(tab);
      return now > step || !(await tab.status()).text.startsWith('Tuning on');
    });
    await tab.page.context().setOffline(false);
    await until('it has tried again', async () => network.refused >= 1);
    network.mend();
    await until('the first round is committed', async () => (await committed()).length >= 1);
    await expect(nowIn(tab).getByText('No connection.')).toBeHidden();
  });

  await test.step('[HS3] a coordinator that is gone for a while finds the tab where it was', async () => {
    await until('the second round is tuned', async () => (await roundOf(tab)) >= 2 && (await isTuning(tab)));
    await stage.coordinator.kill();
    network.cut();
    network.mend();
    await until('the tab has tried again and again', async () => network.refused >= ATTEMPTS, { within: 180_000 });
    await expect(nowIn(tab).getByText('No connection.')).toBeVisible();
    await stage.startCoordinator();
    await until('the second round is committed', async () => (await committed()).length >= 2);
    const { rounds } = await stage.operator.detail(id);
    expect(rounds.filter(({ number }) => number === 2).map(({ state }) => state)).toEqual(['committed']);
  });
}

async function survivesDeletion(context: BrowserContext, tab: Tab): Promise<void> {
  await test.step('deleted storage is kept again from memory: after a reload it is the same person', async () => {
    await until('a round is tuned', async () => isTuning(tab));
    const { client } = await tab.session();
    const devtools = await context.newCDPSession(tab.page);
    const { origin } = new URL(tab.page.url());
    await devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb,file_systems' });
    await expect(nowIn(tab).getByText('was deleted while the tab was at work')).toBeVisible();
    await nothingMoved(tab);
    await tab.reload();
    await until('it is at work again', async () =>
      ['tuning', 'uploading', 'waiting'].includes((await tab.status()).state),
    );
    expect((await tab.session()).client).toBe(client);
  });
}

async function survivesFullStorage(context: BrowserContext, tab: Tab): Promise<void> {
  await test.step('where nothing more can be kept it says so, and works on', async () => {
    const devtools = await context.newCDPSession(tab.page);
    const { origin } = new URL(tab.page.url());
    await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1000 });
    // Chromium looks up the room that there is only now and then: half a minute goes by.
    await until('it has noticed', async () =>
      (await tab.session()).problems.some(({ code }) => code === 'storage-failed'),
    );
    const round = await roundOf(tab);
    await until('a round goes by', async () => (await roundOf(tab)) > round);
    await devtools.send('Storage.overrideQuotaForOrigin', { origin });
  });
}

async function isTakenOverAndBack(stage: Stage, context: BrowserContext, tab: Tab, id: string): Promise<void> {
  await test.step('a second tab of the same person offers to take over, and the first to take back', async () => {
    const second = await context.newPage();
    await second.goto(tab.address);
    await expect(second.getByText('You’re already taking part in another tab of this browser.')).toBeVisible();
    await second.getByRole('button', { name: 'Take over in this tab' }).click();
    await expect(tab.page.getByTestId('status')).toHaveText('You continued in another tab, so this one has stopped');
    await expect(second.getByTestId('status')).toHaveAttribute('data-state', /searching|tuning|uploading|waiting/);
    await tab.page.bringToFront();
    await tab.page.getByRole('button', { name: 'Continue in this tab' }).click();
    await expect(second.getByTestId('status')).toHaveText('You continued in another tab, so this one has stopped');
    await second.close();
    await expect(tab.page.getByTestId('status')).toHaveAttribute('data-state', /tuning|uploading|waiting|finished/);
  });

  await test.step('who leaves keeps everything unless told otherwise, and goes on', async () => {
    // Otherwise a slow machine may find it finished before the dialog is answered.
    await stage.operator.act(id, 'pause');
    await act(tab, 'Leave…');
    const leaving = tab.page.getByRole('dialog', { name: 'Leave this federation?' });
    await expect(leaving.getByRole('radio', { name: 'Keep my model' })).toBeChecked();
    await leaving.getByRole('button', { name: 'Leave', exact: true }).click();
    await expect(tab.page.getByTestId('status')).toHaveText(/^You’ve left\. What you have so far is saved/);
    await tab.page.getByRole('button', { name: 'Start over…' }).click();
    const asked = tab.page.getByRole('dialog', { name: 'Start over?' });
    await expect(asked).toContainText('deletes the key, text, mask and model');
    await expect(asked.getByRole('button', { name: 'Export my model first' })).toBeVisible();
    await asked.getByRole('button', { name: 'Cancel' }).click();
    await expect(asked).toBeHidden();
    await tab.page.getByRole('button', { name: 'Continue', exact: true }).click();
    await stage.operator.act(id, 'resume');
    await until('it is at work again', async () =>
      ['tuning', 'uploading', 'waiting', 'finished'].includes((await tab.status()).state),
    );
  });
}

async function chats({ page }: Tab): Promise<void> {
  await openView(page, 'Chat');
  await write(page, 'What time do you open?');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect
    .poll(async () => (await page.getByTestId('answer-base').last().textContent())?.trim().length)
    .toBeGreaterThan(0);
}

function nowIn({ page }: Tab) {
  return page.getByRole('region', { name: 'Now', exact: true });
}

async function act({ page }: Tab, name: 'Pause' | 'Resume' | 'Leave…'): Promise<void> {
  await page.getByRole('group', { name: 'What you can do' }).getByRole('button', { name, exact: true }).click();
}

function pauseOf({ page }: Tab): Promise<string | null> {
  return page.getByTestId('status').getAttribute('data-paused');
}

async function isTuning(tab: Tab): Promise<boolean> {
  return (await tab.status()).text.startsWith('Tuning on');
}

async function roundOf(tab: Tab): Promise<number> {
  return (await tab.session()).rounds.at(-1)?.number ?? 0;
}

/** "… step 5 of 18" */
async function stepOf(tab: Tab): Promise<number> {
  return Number(/step (\d+) of/.exec((await tab.status()).text)?.[1] ?? 0);
}

async function nothingMoved({ page }: Tab): Promise<void> {
  const { total, worst } = await shiftsOf(page);
  expect(total, `moved by itself: ${worst}`).toBeLessThan(0.02);
}
