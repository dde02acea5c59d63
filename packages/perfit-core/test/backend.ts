import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { nodeBackend } from '../src/node/node-backend.ts';

export async function startWasm(): Promise<void> {
  await nodeBackend({ prefer: 'wasm' });
  expect(tf.getBackend()).toBe('wasm');
}
