import { defineConfig } from 'vitest/config';

const rooms = '{apps,packages}/*';
const fuzz = `${rooms}/**/*.fuzz.test.ts`;
const webgpu = `${rooms}/**/*.webgpu.test.ts`;
/** Tests that start processes, sockets or databases. */
const integration = 'apps/*/test/**/*.test.ts';
/** Of the page, in a browser: a project of its own. */
const components = '**/*.component.test.tsx';
/** Of what a process does once: which backend it starts, and with how many threads. */
const once = [
  'packages/perfit-core/src/backend/select-backend.test.ts',
  'packages/perfit-core/src/wasm/threads.test.ts',
];
const elsewhere = ['**/node_modules/**', '**/dist/**'];

interface Project {
  include: string[];
  exclude?: string[];
  /** A process for each file. Without it modules are loaded once for all, which is a third of the time of small tests. */
  isolate?: boolean;
}

const project = (name: string, { include, exclude = [], isolate = false }: Project) => ({
  extends: true as const,
  test: { name, include, exclude: [...elsewhere, ...exclude], isolate },
});

export default defineConfig({
  test: {
    projects: [
      'apps/web-client/vitest.config.ts',
      project('integration', { include: [integration], exclude: [fuzz] }),
      // They put files and hashes in memory, for everybody in their process.
      project('fuzz', { include: [fuzz], isolate: true }),
      // Devices that come and go leave traces in their process.
      project('webgpu', { include: [webgpu, ...once], isolate: true }),
      project('unit', {
        include: [`${rooms}/{src,test,build}/**/*.test.{ts,tsx}`, '{scripts,testing}/**/*.test.ts'],
        exclude: [fuzz, webgpu, integration, components, ...once],
      }),
    ],
    globalSetup: ['testing/global-setup.ts'],
    setupFiles: ['testing/seeded-properties.ts'],
    // Two cores: more workers only make the tests that tune a model wait for each other.
    maxWorkers: 2,
    testTimeout: 30_000,
  },
});
