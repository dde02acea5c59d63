import { defineConfig } from 'playwright/test';
import { launchOptions } from './simulation/browser.ts';

export default defineConfig({
  testDir: 'specs',
  // The tabs of one test already fill the cores.
  workers: 1,
  fullyParallel: false,
  timeout: 180_000,
  expect: { timeout: 30_000 },
  outputDir: 'test-results',
  use: {
    browserName: 'chromium',
    launchOptions: launchOptions(),
    screenshot: 'only-on-failure',
    // A page that is kept from an earlier test would hide what this one serves; offline.spec.ts lets it in.
    serviceWorkers: 'block',
  },
});
