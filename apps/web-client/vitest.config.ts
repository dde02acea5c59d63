import { join } from 'node:path';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';

const executablePath = process.env.PERFIT_BROWSER;
/** What is seen is the same everywhere, and stands still. */
const contextOptions = { locale: 'en-GB', timezoneId: 'UTC', reducedMotion: 'reduce' } as const;

/** Components in a browser, each through all of its states: worker and coordinator are played (`test/stage.tsx`). */
export default defineConfig({
  // React as it is shipped: the development build writes a stack down for every element, which is much of the time.
  oxc: { jsx: { runtime: 'automatic', development: false } },
  optimizeDeps: {
    // All of them at once: whatever Vite finds while tests run it bundles then, and there are two Reacts.
    noDiscovery: true,
    rolldownOptions: { transform: { define: { 'process.env.NODE_ENV': '"production"' } } },
    include: [
      '@mantine/core',
      '@mantine/hooks',
      '@tanstack/react-query',
      '@tanstack/react-router',
      'axe-core',
      'comlink',
      'get-nonce',
      'react',
      'react-dom',
      'react-dom/client',
      'react/jsx-runtime',
      'socket.io-client',
      'uplot',
      'uqr',
      'zod',
      'zustand',
    ],
  },
  test: {
    name: 'components',
    // Paths on the command line are the repository's.
    dir: join(import.meta.dirname, '../..'),
    include: ['apps/web-client/src/**/*.component.test.tsx'],
    setupFiles: ['test/each-test.ts'],
    // Modules are loaded once for all: that is most of the time of small tests.
    isolate: false,
    maxWorkers: 2,
    expect: { poll: { timeout: 5_000 } },
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        contextOptions,
        actionTimeout: 5_000,
        ...(executablePath ? { launchOptions: { executablePath } } : {}),
      }),
      viewport: { width: 1200, height: 900 },
      instances: [{ browser: 'chromium' }],
    },
  },
});
