// The checks of the project; the last line counts them.
//
//   npm test                      everything in its short form: what CI runs
//   npm run test:all              everything in its long form
//   npm run test:changed          the tests that the changes since the last commit concern
//   npm test -- PATH…             the tests of a file or folder; those that it concerns, where it is no test
//   npm test -- --project NAME    unit, integration, fuzz, webgpu, components, chromium or firefox
//   npm test -- --seed N          what everything random starts from
//   npm test -- --no-skips        a test that is left out fails the run
import { chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
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
  const folder = mkdtempSync(join(quickPlace(), 'perfit-test-'));
  // A Postgres server cannot run as root: as another user it must reach its own folder within.
  chmodSync(folder, 0o711);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const run = new TestRun({ folder, wish });
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ]) {
    process.once(signal, async () => {
      await run.stop(signal);
      remove();
      process.exit(code);
    });
  }
  // Said first: of a run that does not come to its end it is wanted most.
  process.stdout.write(`seed ${wish.seed}\n`);
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
    for (const [what, runs] of [
      ['tests in Node', wish.vitest],
      ['tests of components', wish.components],
    ]) {
      if (runs.length > 0) await run.timed(what, () => run.vitest(what, runs));
    }
    if (wish.browser) await run.timed('tests in browsers', () => run.playwright(wish.browser));
    return run.summary();
  } finally {
    remove();
  }
});

/** Memory, where it serves as a disk and has room: what tests and their browsers write is gone after them. */
function quickPlace() {
  const memory = '/dev/shm';
  try {
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize >= 4e9 ? memory : tmpdir();
  } catch {
    return tmpdir();
  }
}
