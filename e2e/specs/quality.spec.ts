import { watchPolicy } from './page-checks.ts';
import { expect, test, until } from './stage.ts';

test('from the start page to a chat by keyboard alone, within the content policy and this origin', async ({
  stage,
  page,
}) => {
  const { joinUrl } = await stage.federation({
    name: 'By keyboard',
    access: 'open',
    schedule: { rounds: 1, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 120 },
  });
  const breaches = await watchPolicy(page.context(), stage.url);
  const press = async (key: string, times = 1) => {
    for (let i = 0; i < times; i++) await page.keyboard.press(key);
  };
  /** Tab by tab, as a person goes. */
  const goTo = async (name: RegExp) => {
    for (let i = 0; i < 60; i++) {
      await press('Tab');
      const text = await page.evaluate(() => {
        const at = document.activeElement;
        const isField = at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement;
        const label = isField ? at.labels?.[0]?.textContent : null;
        return label ?? at?.getAttribute('aria-label') ?? at?.textContent;
      });
      if (name.test(text ?? '')) return;
    }
    throw new Error(`nothing named ${name} was reached by Tab`);
  };

  await page.goto(stage.url);
  await expect(page).toHaveTitle(/^Tune a language model together.* · PerFIT$/);
  await expect(page.getByRole('link', { name: 'By keyboard' })).toBeVisible();
  await press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await press('Enter');
  await goTo(/^By keyboard$/);
  await press('Enter');

  const heading = page.getByRole('heading', { level: 1, name: 'By keyboard' });
  await expect(heading).toBeFocused();
  await expect(page).toHaveTitle('By keyboard · PerFIT');
  expect(new URL(page.url()).pathname).toBe(new URL(joinUrl).pathname);
  await expect(page.getByRole('button', { name: /^Use the sample / }).first()).toBeVisible();
  await goTo(/^Use the sample /);
  await press('Enter');
  await goTo(/^Your display name/);
  await page.keyboard.type('Ada');
  await goTo(/^I understand/);
  await press('Space');
  await expect(page.getByRole('button', { name: 'Start', exact: true })).toBeEnabled();
  await goTo(/^Start$/);
  await press('Enter');
  const status = page.getByTestId('status');
  await until('it is through', async () => (await status.getAttribute('data-state')) === 'finished');
  // Arrows go from view to view, Enter opens one.
  await page.getByRole('region', { name: 'Now', exact: true }).focus();
  await goTo(/^Result$/);
  await press('ArrowRight');
  await press('Enter');
  await goTo(/^Your message/);
  await page.keyboard.type('What time do you open?');
  await goTo(/^Send$/);
  await press('Enter');
  await expect
    .poll(async () => (await page.getByTestId('answer-personal').last().textContent())?.trim().length)
    .toBeGreaterThan(0);
  expect(breaches).toEqual([]);
});

test('a page that breaks and a worker that ends say so, and what to do', async ({ stage, page }) => {
  await page.route(/\/assets\/bench-page-.*\.js$/, (route) =>
    route.fulfill({
      contentType: 'text/javascript',
      body: "export function BenchPage() { throw new Error('broken on purpose'); }",
    }),
  );
  await page.goto(`${stage.url}/bench`);
  const broken = page.getByRole('alert');
  await expect(broken).toContainText('Something went wrong on this page');
  await expect(broken).toContainText('broken on purpose');
  await expect(broken.getByRole('button', { name: 'Reload' })).toBeVisible();
  await page.unroute(/\/assets\/bench-page-.*\.js$/);
  await broken.getByRole('button', { name: 'Reload' }).click();
  await expect(page.getByRole('button', { name: 'Run benchmark' })).toBeVisible();

  // Chromium's own means: nothing on the page may end its worker.
  const started = page.waitForEvent('worker');
  await page.getByRole('link', { name: 'Models' }).click();
  await started;
  await expect(page.getByTestId('model-device')).toBeVisible();
  const devtools = await page.context().newCDPSession(page);
  const worker = new Promise<string>((resolve) => {
    devtools.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (targetInfo.type === 'worker') resolve(sessionId);
    });
  });
  await devtools.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: 'self.close()' } });
  await devtools.send('Target.sendMessageToTarget', { sessionId: await worker, message });
  const stopped = page.getByRole('alert');
  await expect(stopped).toContainText('has stopped');
  await stopped.getByRole('button', { name: 'Reload' }).click();
  await expect(page.getByTestId('model-device')).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
});
