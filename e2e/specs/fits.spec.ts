import type { Browser, BrowserContextOptions, Page } from 'playwright';
import { agree, openView, Tab } from '../demo/tab.ts';
import { axeFindings } from './page-checks.ts';
import { embeddedModel, expect, type Stage, test, until } from './stage.ts';

interface Size extends BrowserContextOptions {
  readonly viewport: { readonly width: number; readonly height: number };
  /** How many windows high joining may be, working, and each view of a result; null where only its width is held. */
  readonly screens: { readonly joining: number; readonly working: number; readonly result: number } | null;
}

const sizes: Record<string, Size> = {
  phone: {
    viewport: { width: 390, height: 844 },
    isMobile: true,
    hasTouch: true,
    screens: { joining: 3, working: 2, result: 2 },
  },
  // What improved is unfolded where there is room beside it.
  desk: { viewport: { width: 1280, height: 800 }, screens: { joining: 3, working: 2, result: 3 } },
  // A window of 1280 × 800 that shows everything twice as large.
  'twice as large': { viewport: { width: 640, height: 400 }, screens: null },
};

const views = ['Result', 'Chat', 'Export', 'Ledger', 'Settings'] as const;

for (const [name, { screens, ...size }] of Object.entries(sizes)) {
  test(`${name}: a page fits its window, its status stays in sight, and its views have addresses`, async ({
    stage,
    browser,
  }) => {
    test.setTimeout(300_000);
    const { tab, dataset } = await open(stage, browser, size);
    const { page } = tab;
    const fits = async (what: string, of: keyof NonNullable<Size['screens']>) => {
      const { width, height } = await sizeOf(page);
      expect.soft(width, `${what} can be moved sideways`).toBe(size.viewport.width);
      if (screens) expect.soft(height / size.viewport.height, what).toBeLessThanOrEqual(screens[of]);
    };

    await test.step('joining, before there is a text and with one', async () => {
      await expect(page.getByTestId('computing-time')).toContainText('a text like the samples');
      // There is nothing to choose a folder with on a phone.
      await expect(page.getByTestId('dataset-folder')).toHaveCount(size.hasTouch ? 0 : 1);
      await fits('joining', 'joining');
      await page.getByTestId('dataset-file').setInputFiles(dataset);
      await expect(page.getByTestId('dataset-tokens')).toBeVisible();
      await expect(page.getByText(/^Masks and changes are made from your text/)).toBeVisible();
      await fits('joining with a text', 'joining');
    });

    const status = page.getByRole('region', { name: 'Now', exact: true });
    await test.step('after the start, view and focus are at the status', async () => {
      await agree(page);
      await page.getByRole('button', { name: 'Start', exact: true }).click();
      await expect(status).toBeFocused();
      await expect(status).toBeInViewport({ ratio: 1 });
    });

    await test.step('working', async () => {
      await until('it tunes', async () => (await tab.status()).state === 'tuning');
      await fits('working', 'working');
      await status.getByRole('button', { name: 'Pause' }).click();
      await expect(page.getByTestId('status')).toHaveAttribute('data-paused', 'held');
      for (const view of views) {
        await openView(page, view);
        await fits(`working, ${view}`, 'working');
      }
      await status.getByRole('button', { name: 'Resume' }).click();
    });

    await until('it is through', async () => (await tab.status()).state === 'finished');
    await test.step('each view of the result; what it shows stays under its address', async () => {
      await openView(page, 'Result');
      await expect(page.getByTestId('verdict')).toBeVisible();
      for (const view of views) {
        await openView(page, view);
        await expect(page.getByRole('tabpanel')).toHaveCount(1);
        if (view === 'Export') await expect(page.getByTestId('export-adapter')).toBeVisible();
        await fits(`result, ${view}`, 'result');
      }
      // A terminal is nothing that a phone has.
      await openView(page, 'Export');
      await expect(page.getByTestId('command-peft')).toHaveCount(size.hasTouch ? 0 : 1);
    });

    await test.step('the status is in sight wherever one has scrolled to', async () => {
      await openView(page, 'Ledger');
      await page.evaluate(() => window.scrollTo({ top: document.body.scrollHeight, behavior: 'instant' }));
      expect(await page.evaluate(() => scrollY)).toBeGreaterThan(100);
      // In a low window it would hide what it is about.
      if (screens) await expect(status).toBeInViewport({ ratio: 1 });
      else await expect(status).not.toBeInViewport();
    });

    await test.step('back, forward and a reload show what was shown', async () => {
      await openView(page, 'Chat');
      await page.goBack();
      await isShown(page, 'Ledger');
      await page.goForward();
      await isShown(page, 'Chat');
      await page.reload();
      await page.getByRole('button', { name: 'Load my model' }).click();
      await isShown(page, 'Chat');
      await expect(status).toBeFocused();
    });

    await test.step('by keyboard alone to each view', async () => {
      await page.keyboard.press('Tab');
      for (let i = 0; !(await page.getByRole('tab', { name: 'Chat' }).evaluate(isFocused)); i++) {
        expect(i, 'the tabs are not reached').toBeLessThan(4);
        await page.keyboard.press('Tab');
      }
      for (const view of ['Export', 'Ledger', 'Settings', 'Result'] as const) {
        await page.keyboard.press('ArrowRight');
        await expect(page.getByRole('tab', { name: view, exact: true })).toBeFocused();
        await page.keyboard.press('Enter');
        await isShown(page, view);
      }
    });

    await test.step('axe finds nothing', async () => {
      const findings: string[] = [];
      for (const view of views) {
        await openView(page, view);
        for (const finding of await axeFindings(page)) findings.push(`${view}: ${finding}`);
      }
      expect(findings).toEqual([]);
    });
    expect(tab.errors).toEqual([]);
  });
}

async function open(stage: Stage, browser: Browser, size: BrowserContextOptions) {
  const { joinUrl } = await stage.federation({
    model: embeddedModel,
    access: 'invite',
    host: { name: 'The village hall', contact: 'mailto:hall@example.org' },
    tuning: { epochs: 4, batchSize: 8, maxLength: 128, learningRate: 1e-3 },
    schedule: { rounds: 2, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 280 },
  });
  const [dataset] = stage.texts(1, 40) as [string];
  const context = await browser.newContext(size);
  const tab = await Tab.openIn(context, { name: 'Ada', joinUrl, dataset, backend: 'wasm', compares: true });
  stage.tabs.push(tab);
  return { tab, dataset };
}

function sizeOf(page: Page): Promise<{ width: number; height: number }> {
  return page.evaluate(() => {
    const { scrollWidth: width, scrollHeight: height } = document.documentElement;
    return { width, height };
  });
}

async function isShown(page: Page, view: (typeof views)[number]): Promise<void> {
  await expect(page.getByRole('tab', { name: view, exact: true })).toHaveAttribute('aria-selected', 'true');
  await expect(page.getByRole('tabpanel', { name: view, exact: true })).toBeVisible();
  const shown = new URL(page.url()).searchParams.get('view');
  expect(shown).toBe(view === 'Result' ? null : view.toLowerCase());
}

// In the page.
function isFocused(element: Element): boolean {
  return document.activeElement === element;
}
