import { defineConfig } from 'vitest/config';

const rooms = '{apps,packages}/*';
const fuzz = `${rooms}/**/*.fuzz.test.ts`;
const webgpu = `${rooms}/**/*.webgpu.test.ts`;
/** Tests that start processes, sockets or databases. */
const integration = 'apps/*/test/**/*.test.ts';
const elsewhere = ['**/node_modules/**', '**/dist/**'];

const project = (name: string, include: string[], exclude: string[] = []) => ({
  extends: true as const,
  test: { name, include, exclude: [...elsewhere, ...exclude] },
});

export default defineConfig({
  test: {
    projects: [
      project(
        'unit',
        [`${rooms}/{src,test,build}/**/*.test.{ts,tsx}`, '{scripts,testing}/**/*.test.ts'],
        [fuzz, webgpu, integration],
      ),
      project('integration', [integration], [fuzz]),
      project('fuzz', [fuzz]),
      project('webgpu', [webgpu]),
    ],
    globalSetup: ['testing/global-setup.ts'],
    setupFiles: ['testing/seeded-properties.ts'],
    // Two cores: more workers only make the tests that tune a model wait for each other.
    maxWorkers: 2,
    testTimeout: 30_000,
  },
});
