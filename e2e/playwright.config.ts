import { availableParallelism } from 'node:os';
import { defineConfig } from 'playwright/test';
import { firefoxOptions, firefoxPath, launchOptions } from './demo/browser.ts';

const firefox = firefoxPath();

export default defineConfig({
  testDir: 'specs',
  globalSetup: './global-setup.ts',
  // Each test has a coordinator and a tab of its own, and waits for much: two left two cores idle for a third of the time.
  workers: Math.min(3, availableParallelism() + 1),
  // Also the tests of one file: a long file would else be waited for by an idle core.
  fullyParallel: true,
  timeout: 180_000,
  expect: { timeout: 30_000 },
  outputDir: 'test-results',
  use: {
    screenshot: 'only-on-failure',
    // What is not there after a minute is never there; without a limit a test would wait for it as long as it may.
    actionTimeout: 60_000,
    // A page that is kept from an earlier test would hide what this one serves; offline.spec.ts lets it in.
    serviceWorkers: 'block',
  },
  projects: [
    { name: 'chromium', use: { browserName: 'chromium', launchOptions: launchOptions() } },
    // A person's way from the invitation to the export, on WebAssembly: the other specs need Chromium's own tools.
    {
      name: 'firefox',
      testMatch: ['join.spec.ts', 'thread.spec.ts', 'threads.spec.ts', 'result.spec.ts', 'ledger.spec.ts'],
      timeout: 300_000,
      // Where there is none, each test is left out and says so: see `stage.ts`.
      use: { browserName: 'firefox' as const, ...(firefox ? firefoxOptions(firefox) : {}) },
    },
  ],
});
