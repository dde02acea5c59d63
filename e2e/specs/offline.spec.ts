import type { Page } from 'playwright/test';
import { openView, write } from '../demo/tab.ts';
import { embeddedModel, expect, test, until } from './stage.ts';

test.use({ serviceWorkers: 'allow', ownCoordinator: true });

test('with the coordinator gone, the app opens, stays isolated, and chats with what this browser keeps', async ({
  stage,
  browser,
}) => {
  const { joinUrl } = await stage.federation({
    name: 'Before the storm',
    model: embeddedModel,
    schedule: { rounds: 1, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 120 },
  });
  const [dataset] = stage.texts(1, 40) as [string];
  const tab = await stage.open(browser, { name: 'Ada', joinUrl, dataset, backend: 'wasm' });
  const { page } = tab;
  await tab.start();
  await until('it is through', async () => (await tab.status()).state === 'finished');
  await page.evaluate(() => navigator.serviceWorker.ready);
  await stage.coordinator.kill();

  await test.step('the personal model of a federation that was', async () => {
    await tab.reload();
    await page.getByRole('button', { name: 'Load my model' }).click();
    await openView(page, 'Chat');
    await chat(page, 'personal');
    expect(await page.evaluate(() => window.crossOriginIsolated)).toBe(true);
  });

  await test.step('a model from /models', async () => {
    await page.goto(`${stage.url}/models?backend=wasm`);
    await page
      .getByRole('row', { name: /perfit-nano/ })
      .getByRole('button', { name: /Open/ })
      .click();
    await chat(page, 'base');
  });

  await test.step('what needs the network says so', async () => {
    await page.goto(stage.url);
    await expect(page.getByRole('alert')).toContainText('The coordinator does not answer');
  });
});

async function chat(page: Page, which: 'base' | 'personal'): Promise<void> {
  await write(page, 'What time do you open?');
  await page.getByRole('button', { name: 'Send' }).click();
  const answer = page.getByTestId(`answer-${which}`).last();
  await expect.poll(async () => (await answer.textContent())?.trim().length ?? 0).toBeGreaterThan(0);
}
