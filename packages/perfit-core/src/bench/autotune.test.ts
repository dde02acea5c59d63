import { beforeAll, describe, expect, it } from 'vitest';
import { hasWebGpu, startWebGpu } from '../../test/webgpu.ts';
import { WgslRunner } from '../wgsl/runner.ts';
import { NARROW_CANDIDATES, possible, WIDE_CANDIDATES } from '../wgsl/tiles.ts';

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

describe.runIf(hasWebGpu)('a device', () => {
  beforeAll(startWebGpu);

  it('begins with tiles that it has room for', () => {
    const { tiles, device } = WgslRunner.current();
    expect(possible([tiles.wide, tiles.narrow], device.limits)).toEqual([tiles.wide, tiles.narrow]);
  });
});
