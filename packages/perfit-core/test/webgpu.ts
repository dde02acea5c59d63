import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { nodeBackend } from '../src/node/node-backend.ts';
import type { RowLanes } from '../src/wgsl/row-lanes.ts';
import { WgslRunner } from '../src/wgsl/runner.ts';

/** Software drivers: SwiftShader computes slowly and compiles in a fifth of lavapipe's time, which is what tests wait for. */
const drivers = ['/usr/lib/chromium/vk_swiftshader_icd.json', '/usr/share/vulkan/icd.d/lvp_icd.json'];
const driver = process.env.VK_ICD_FILENAMES ?? drivers.find((file) => existsSync(file));

/** Whether there is a Vulkan driver to test WGSL with. Debian's chromium brings one. */
export const hasWebGpu = driver !== undefined;

export async function startWebGpu(): Promise<void> {
  if (driver) process.env.VK_ICD_FILENAMES = driver;
  process.env.XDG_RUNTIME_DIR ??= '/tmp';
  await nodeBackend({ prefer: 'webgpu' });
  expect(tf.getBackend()).toBe('webgpu');
}

export const lanesOfRows: readonly RowLanes[] = ['workgroup', 'subgroup'];

/** What programs are made with from here on. Both drivers have subgroups: one that has none fails the test. */
export function shareRows(rowLanes: RowLanes): void {
  const runner = WgslRunner.current();
  expect(rowLanes === 'workgroup' || runner.has('subgroups')).toBe(true);
  runner.choices = { ...runner.choices, rowLanes };
}
