import type { Page } from 'playwright';
import { openView, Tab } from '../demo/tab.ts';
import { expect, test, until } from './stage.ts';

test('a tab in the background goes on, asks for the screen only while it is looked at, and tells when it is done; who leaves is forgotten', async ({
  stage,
  browser,
}) => {
  const alone = { rounds: 1, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 170 };
  const [dataset] = stage.texts(1, 48) as [string];
  const context = await browser.newContext({ permissions: ['notifications', 'screen-wake-lock'] });
  await context.addInitScript(writeDownWhatIsAsked);
  const { id, joinUrl } = await stage.federation({
    schedule: alone,
    tuning: { epochs: 60, batchSize: 8, maxLength: 128, learningRate: 1e-3 },
  });
  // Otherwise a fast machine would be done before it has been looked at.
  await stage.operator.act(id, 'pause');
  const tab = await Tab.openIn(context, { name: 'Ada', joinUrl, dataset, backend: 'wasm' });
  const { page } = tab;
  await tab.start();
  await openView(page, 'Settings');

  await test.step('the screen stays on while it is at work, where the person does not mind', async () => {
    const screen = page.getByRole('switch', { name: 'Keep the screen on while it’s running' });
    await expect(page.getByText('The screen stays on.')).toBeVisible();
    await screen.click();
    await expect(page.getByText('A device that goes to sleep stops computing.')).toBeVisible();
    expect(await locksHeld(page)).toBe(0);
    await screen.click();
    await expect(page.getByText('The screen stays on.')).toBeVisible();
    // A browser takes the lock from a page that is hidden.
    await page.evaluate('Promise.all(window.asked.locks.map((lock) => lock.release()))');
    await expect(page.getByText('The screen stays on.')).toBeHidden();
    await page.evaluate(() => {
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await expect(page.getByText('The screen stays on.')).toBeVisible();
    expect(await locksHeld(page)).toBe(1);
  });
  await stage.operator.act(id, 'resume');

  await test.step('nothing of the page is needed: while it stands still, the work goes on and is sent', async () => {
    await page.getByRole('switch', { name: 'Notify me when it’s finished' }).click();
    await expect(page.getByText('You’ll get a notification at the end.')).toBeVisible();
    const devtools = await context.newCDPSession(page);
    await devtools.send('Debugger.enable');
    const standsStill = new Promise((resolve) => devtools.once('Debugger.paused', resolve));
    await devtools.send('Debugger.pause');
    await standsStill;
    // A browser that hides a page only slows its timers.
    await until('the round is committed', async () => (await stage.operator.detail(id)).status.state === 'finished');
    await devtools.send('Debugger.disable');
    await until('the page has heard of it', async () => (await tab.status()).state === 'finished');
  });

  await test.step('the person is told once, and the screen is let go', async () => {
    expect(await page.evaluate('window.asked.notices')).toEqual(['PerFIT is finished']);
    expect(await locksHeld(page)).toBe(0);
    expect(await page.title()).toBe('Finished · PerFIT');
  });

  await test.step('who leaves is asked, told what goes, and forgotten here', async () => {
    const other = await stage.federation({
      name: 'Not for me',
      schedule: { ...alone, recruit: 2, goal: 2, minimum: 2 },
    });
    const leaver = await Tab.openIn(context, { name: 'Grace', joinUrl: other.joinUrl, dataset, backend: 'wasm' });
    await leaver.start();
    await until('she waits', async () => (await leaver.status()).state === 'recruiting');

    const [{ id: grace } = { id: '' }] = (await stage.operator.detail(other.id)).clients;
    await stage.operator.actOnClient(other.id, grace, 'remove');
    const status = leaver.page.getByTestId('status');
    await expect(status).toHaveText(/^The operator removed you from this federation/);
    await leaver.page.getByRole('button', { name: 'Continue', exact: true }).click();
    await until('she waits again', async () => (await leaver.status()).state === 'recruiting');

    const leave = leaver.page.getByRole('button', { name: 'Leave…' });
    await leave.click();
    await leaver.page.getByRole('button', { name: 'Stay' }).click();
    expect((await leaver.status()).state).toBe('recruiting');
    await leave.click();
    const asked = leaver.page.getByRole('dialog', { name: 'Leave this federation?' });
    await expect(asked.getByRole('radio', { name: 'Keep my place' })).toBeChecked();
    await asked.getByRole('radio', { name: 'Delete everything' }).check();
    await expect(asked).toContainText('are deleted from this browser');
    await asked.getByRole('button', { name: 'Leave and delete' }).click();
    await expect(leaver.page).toHaveURL(`${stage.url}/`);
    await until('the coordinator was told', async () => (await stage.operator.detail(other.id)).status.ready === 0);
    await leaver.page.getByRole('link', { name: 'History' }).click();
    await expect(leaver.page.getByTestId('history-entry')).toHaveCount(1);
    await expect(leaver.page.getByText('Not for me')).toHaveCount(0);
    expect(leaver.errors).toEqual([]);
  });
  expect(tab.errors).toEqual([]);
  await context.close();
});

function locksHeld(page: Page): Promise<number> {
  return page.evaluate('window.asked.locks.filter(({ released }) => !released).length');
}

/** What the page asks of the device goes through, and is written down. */
function writeDownWhatIsAsked(): void {
  const asked = { locks: [] as WakeLockSentinel[], notices: [] as string[] };
  Object.assign(window, {
    asked,
    Notification: class extends Notification {
      constructor(title: string, options?: NotificationOptions) {
        super(title, options);
        asked.notices.push(title);
      }
    },
  });
  const { wakeLock } = navigator;
  const request = wakeLock.request.bind(wakeLock);
  wakeLock.request = async (type) => {
    const lock = await request(type);
    asked.locks.push(lock);
    return lock;
  };
}
