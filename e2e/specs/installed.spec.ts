import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { launchOptions } from '../demo/browser.ts';
import { Tab } from '../demo/tab.ts';
import { expect, Stage, test, until } from './stage.ts';
import { copyFolder, TestCoordinator } from './test-coordinator.ts';

test('the page can be installed; a newer version is announced, can wait, and interrupts nothing', async () => {
  const coordinator = new TestCoordinator();
  const stage = new Stage(coordinator);
  // A copy of the built page: what the test changes there are the versions that an operator would put there.
  const web = join(stage.folder, 'web');
  copyFolder(coordinator.webDirectory, web);
  coordinator.webDirectory = web;
  await coordinator.start();
  // A private window installs nothing.
  const context = await chromium.launchPersistentContext(join(stage.folder, 'profile'), {
    ...launchOptions(),
    serviceWorkers: 'allow',
  });
  try {
    await isOfferedAsAnApp(context, stage);
    await announcesVersions(context, stage, (build) => publish(web, build));
  } finally {
    await context.close();
    await stage.close();
    await coordinator.close();
  }
});

async function isOfferedAsAnApp(context: BrowserContext, stage: Stage): Promise<void> {
  const page = await context.newPage();
  await page.goto(stage.url);
  const link = page.getByRole('button', { name: 'Install as an app' });

  await test.step('nothing that a browser asks of an app is missing', async () => {
    const devtools = await context.newCDPSession(page);
    await page.evaluate(() => navigator.serviceWorker.ready);
    const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors');
    expect(installabilityErrors).toEqual([]);
  });

  await test.step('the offer is a link in the footer, and asks the browser once', async () => {
    await page.evaluate(countPrompts);
    await link.click();
    expect(await page.evaluate('window.asked')).toBe(1);
    await expect(link).toBeHidden();
  });
  await page.close();
}

async function announcesVersions(
  context: BrowserContext,
  stage: Stage,
  publish: (build: string) => void,
): Promise<void> {
  const { joinUrl } = await stage.federation({
    schedule: { rounds: 1, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 600 },
    // Longer than anything here takes.
    tuning: { epochs: 120, batchSize: 8, maxLength: 128, learningRate: 1e-3 },
  });
  const [dataset] = stage.texts(1, 48) as [string];
  const tab = await Tab.openIn(context, { name: 'Ada', joinUrl, dataset, backend: 'wasm' });
  const { page } = tab;
  const notice = page.getByRole('status', { name: 'Notices' });
  const actions = page.getByRole('group', { name: 'What you can do' });
  const isComputing = async () => ['searching', 'tuning'].includes((await tab.status()).state) && !(await isPaused());
  const isPaused = async () => (await page.getByTestId('status').getAttribute('data-paused')) === 'held';

  await test.step('a new version is told in the middle of a session, and does not touch it', async () => {
    await tab.start();
    await until('it computes', isComputing);
    // A browser that is busy is slow to look for new versions.
    await actions.getByRole('button', { name: 'Pause' }).click();
    await until('it stands still', isPaused);
    await page.evaluate('window.isTheSamePage = true');
    publish('the-second-one');
    await comesBack(page);
    await expect(notice).toContainText('A new version is ready');
    await notice.getByRole('button', { name: 'Later' }).click();
    await expect(notice).toBeEmpty();
    expect(await page.evaluate('window.isTheSamePage')).toBe(true);
  });

  await test.step('who asks for it has it, and the session is where it was', async () => {
    const { client } = await tab.session();
    publish('the-third-one');
    await comesBack(page);
    await notice.getByRole('button', { name: 'Reload to update' }).click();
    await expect(page.locator('meta[name="build"]')).toHaveAttribute('content', 'the-third-one');
    await until('it is back, as it went', isPaused);
    expect((await tab.session()).client).toBe(client);
    await expect(notice).toBeEmpty();
    await actions.getByRole('button', { name: 'Resume' }).click();
    await until('it goes on', isComputing);
  });

  await test.step('a page that came from the network as the new version is told nothing', async () => {
    publish('the-fourth-one');
    const fresh = await context.newPage();
    await fresh.goto(stage.url);
    await expect(fresh.locator('meta[name="build"]')).toHaveAttribute('content', 'the-fourth-one');
    await fresh.waitForFunction(async () => (await navigator.serviceWorker.ready).waiting !== null);
    await expect(fresh.getByRole('status', { name: 'Notices' })).toBeEmpty();
  });
}

/** As `build/offline-shell.ts` writes a build: its name stands in the page and in the service worker. */
function publish(webDirectory: string, build: string): void {
  for (const [file, pattern] of [
    ['index.html', /(<meta name="build" content=")[^"]*/],
    ['sw.js', /(const BUILD = ')[^']*/],
  ] as const) {
    const path = join(webDirectory, file);
    writeFileSync(path, readFileSync(path, 'utf8').replace(pattern, `$1${build}`));
  }
}

/** The moment at which a tab that was in the background asks for newer versions. Here all tabs count as visible. */
function comesBack(page: Page): Promise<void> {
  return page.evaluate(() => {
    document.dispatchEvent(new Event('visibilitychange'));
  });
}

/** What the browser's own dialog says is its own affair, and headless ones have none. */
function countPrompts(): void {
  const scope = globalThis as unknown as { asked: number; BeforeInstallPromptEvent: { prototype: object } };
  scope.asked = 0;
  Object.assign(scope.BeforeInstallPromptEvent.prototype, {
    prompt: async () => {
      scope.asked++;
    },
  });
}
