import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { nodeBackend } from '../src/node/node-backend.ts';
import type { RowLanes } from '../src/wgsl/row-lanes.ts';
import { WgslRunner } from '../src/wgsl/runner.ts';

/** With the driver that the run's global set-up found. */
export async function startWebGpu(): Promise<void> {
  await nodeBackend({ prefer: 'webgpu' });
  expect(tf.getBackend()).toBe('webgpu');
}

export const lanesOfRows: readonly RowLanes[] = ['workgroup', 'subgroup'];

/** What programs are made with from here on. SwiftShader has subgroups: a driver that has none fails the test. */
export function shareRows(rowLanes: RowLanes): void {
  const runner = WgslRunner.current();
  expect(rowLanes === 'workgroup' || runner.has('subgroups')).toBe(true);
  runner.choices = { ...runner.choices, rowLanes };
}
