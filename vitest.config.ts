import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{apps,packages}/*/{src,test}/**/*.test.{ts,tsx}'],
    // Two cores: more workers only make the tests that tune a model wait for each other.
    maxWorkers: 2,
    testTimeout: 30_000,
  },
});
