import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { nodeBackend } from '../src/node/node-backend.ts';

/** WASM, or WebGPU where PERFIT_TEST_BACKEND says so and this machine has a Vulkan driver. */
export async function startTestBackend(): Promise<void> {
  const prefer = process.env.PERFIT_TEST_BACKEND === 'webgpu' ? 'webgpu' : 'wasm';
  await nodeBackend({ prefer });
  expect(tf.getBackend()).toBe(prefer);
}
