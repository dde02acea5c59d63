import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../testing/needs.ts';
import { startWebGpu } from '../../test/webgpu.ts';
import { NARROW_CANDIDATES, possible, WIDE_CANDIDATES } from '../wgsl/choices.ts';
import { WgslRunner } from '../wgsl/runner.ts';
import { bestLanes } from './autotune.ts';

describe('possible', () => {
  const limits = {
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupSizeX: 256,
    maxComputeWorkgroupStorageSize: 16_384,
  } as GPUSupportedLimits;

  it('leaves what the least device that the standard allows can run, the default among it', () => {
    const wide = possible(WIDE_CANDIDATES, limits);
    expect(wide[0]).toBe(WIDE_CANDIDATES[0]);
    expect(wide.length).toBeGreaterThan(3);
    expect(wide.length).toBeLessThan(WIDE_CANDIDATES.length);
    expect(possible(NARROW_CANDIDATES, limits)).toEqual(NARROW_CANDIDATES);
  });

  it('leaves all where there is room', () => {
    expect(possible(WIDE_CANDIDATES, { ...limits, maxComputeWorkgroupStorageSize: 32_768 })).toEqual(WIDE_CANDIDATES);
  });
});

describe('a device', needsWebGpu, () => {
  beforeAll(startWebGpu);

  it('begins with tiles that it has room for', () => {
    const { choices, device } = WgslRunner.current();
    expect(possible([choices.wide, choices.narrow], device.limits)).toEqual([choices.wide, choices.narrow]);
  });

  it('is measured without a change to what it has chosen, and nothing is left behind', async () => {
    const runner = WgslRunner.current();
    const before = { choices: runner.choices, tensors: tf.memory().numTensors };
    const lanes = await bestLanes(96);
    expect(runner.has('subgroups') ? ['subgroup', 'workgroup'] : ['workgroup']).toContain(lanes);
    expect(runner.choices).toBe(before.choices);
    expect(tf.memory().numTensors).toBe(before.tensors);
  });
});
