import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { projectRoot } from '../demo/coordinator-process.ts';
import { inColours } from '../specs/page-checks.ts';
import { embeddedModel, test } from '../specs/stage.ts';
import { appStates, Scene } from '../specs/walk.ts';
import { contactSheet, type Shot } from './contact-sheet.ts';

const out = process.env.PERFIT_SCREENSHOTS ?? join(projectRoot, '.perfit', 'screenshots');
const only = process.env.PERFIT_SCREENSHOTS_ONLY ?? '';
/** Where the pictures for the documentation go; null leaves them as they are. */
const docs = process.env.PERFIT_SCREENSHOTS_DOCS || null;
/** What the documentation shows, as it is seen in a window. */
const shownInDocs = ['join-empty', 'work-tuning', 'ledger-message', 'operator-result'];
const widths = [360, 1440];
const schemes = ['light', 'dark'] as const;

test('screenshots', async ({ stage, browser }) => {
  stage.model = embeddedModel;
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const scene = new Scene(stage, browser);
  const shots: Shot[] = [];
  for (const { name, reach } of appStates) {
    await test.step(name, async () => {
      try {
        const page = await reach(scene);
        // States are reached one from the other, so that all are walked through.
        if (name.includes(only)) shots.push({ name, files: await shoot(page, name) });
        if (docs && shownInDocs.includes(name)) await shootForDocs(page, join(docs, name));
      } catch (error) {
        shots.push({ name, files: [], failure: error instanceof Error ? error.message : String(error) });
      }
    });
  }
  await scene.close();
  writeFileSync(join(out, 'index.html'), contactSheet(shots));
  const missing = shots.filter(({ failure }) => failure).map(({ name }) => name);
  console.log(`${join(out, 'index.html')}${missing.length ? `; not reached: ${missing.join(', ')}` : ''}`);
});

/** @returns the files' names, in the order of the columns of the sheet */
async function shoot(page: Page, name: string): Promise<string[]> {
  const files: string[] = [];
  for (const width of widths) {
    await page.setViewportSize({ width, height: width < 600 ? 780 : 800 });
    await laidOut(page, width);
    for (const scheme of schemes) {
      await inColours(page, scheme);
      // What sticks to the top of the window would else lie across the middle of the picture.
      await page.evaluate(() => window.scrollTo({ top: 0, behavior: 'instant' }));
      const file = `${name}-${width}-${scheme}.png`;
      await page.screenshot({ path: join(out, file), fullPage: true });
      files.push(file);
    }
  }
  return files;
}

/** Charts are drawn anew a frame after they have heard of the width. */
async function laidOut(page: Page, width: number): Promise<void> {
  await page.waitForFunction((width) => innerWidth === width, width);
  await page.evaluate(async () => {
    for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
  });
}

async function shootForDocs(page: Page, path: string): Promise<void> {
  await page.setViewportSize({ width: 1280, height: 900 });
  await laidOut(page, 1280);
  for (const scheme of schemes) {
    await inColours(page, scheme);
    await page.evaluate(() => window.scrollTo({ top: 0, behavior: 'instant' }));
    await page.screenshot({ path: `${path}-${scheme}.png` });
  }
}
