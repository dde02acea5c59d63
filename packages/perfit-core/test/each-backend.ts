import { describe } from 'vitest';
import { startTestBackend } from './backend.ts';
import { hasWebGpu, startWebGpu } from './webgpu.ts';

/** The same tests on WASM (or what PERFIT_TEST_BACKEND says) and, where there is a driver, on WebGPU. */
export const eachBackend = (name: string, tests: (start: () => Promise<void>) => void): void => {
  describe(name, () => tests(startTestBackend));
  describe.runIf(hasWebGpu)(`${name}, on WebGPU`, () => tests(startWebGpu));
};
