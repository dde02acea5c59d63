import { describe } from 'vitest';
import { needsWebGpu } from '../../../testing/needs.ts';
import { startWasm } from './backend.ts';
import { startWebGpu } from './webgpu.ts';

/** The same tests on WASM and, where there is a driver, on WebGPU. */
export const eachBackend = (name: string, tests: (start: () => Promise<void>) => void): void => {
  describe(name, () => tests(startWasm));
  describe(`${name}, on WebGPU`, needsWebGpu, () => tests(startWebGpu));
};
