// The checks of the project; the last line counts them.
//
//   npm test                      everything in its short form: what CI runs
//   npm run test:all              everything in its long form
//   npm run test:changed          the tests that the changes since the last commit concern
//   npm test -- PATH…             the tests of a file or folder; those that import it, where it is no test
//   npm test -- --project NAME    unit, integration, fuzz, webgpu, chromium or firefox
//   npm test -- --seed N          what everything random starts from
//   npm test -- --no-skips        a test that is left out fails the run
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { staticChecks } from './checks.mjs';
import {
  beginBrowser,
  checkNode,
  ensureCommandLine,
  ensureDependencies,
  ensureWebClient,
  runScript,
} from './setup.mjs';
import { TestRun } from './test-run.mjs';
import { readWish } from './test-wish.mjs';

await runScript(async () => {
  const wish = readWish();
  const reports = mkdtempSync(join(tmpdir(), 'perfit-test-'));
  const run = new TestRun({ reports, wish });
  try {
    checkNode();
    const browserInstalled = beginBrowser();
    await run.timed('installation and build', () => {
      ensureDependencies();
      ensureCommandLine();
      if (wish.browser) ensureWebClient();
    });
    if (wish.checks) await run.timed('static checks', () => run.checks(staticChecks()));
    await run.timed('browser', async () => {
      // Its folder has the software driver for WebGPU in Node as well.
      run.env.PERFIT_BROWSER = await browserInstalled();
    });
    if (wish.vitest) await run.timed('tests in Node', () => run.vitest(wish.vitest));
    if (wish.browser) await run.timed('tests in browsers', () => run.playwright(wish.browser));
    return run.summary();
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
});
