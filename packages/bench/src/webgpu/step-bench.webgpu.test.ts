import { WgslRunner } from '@perfit/core/programs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../testing/needs.ts';
import { startWebGpu } from '../../../perfit-core/test/webgpu.ts';
import { benchPeak } from './step-bench.ts';

describe('the memory of a step', needsWebGpu, () => {
  beforeAll(startWebGpu);

  it('is measured without computing, is what is predicted, and is given back', async () => {
    const runner = WgslRunner.current();
    const held = () => {
      const { numTensors, numBytesAllocatedInGPU } = tf.memory() as tf.MemoryInfo & { numBytesAllocatedInGPU: number };
      return { numTensors, numBytesAllocatedInGPU };
    };
    runner.trimPool();
    const before = held();
    const wish = { shape: 'nano', precision: 'int8', rows: 2, length: 64, rank: 8, checkpointing: true } as const;
    const { peakBytes, predictedBytes } = await benchPeak(wish);
    expect(Math.abs(peakBytes / predictedBytes - 1)).toBeLessThan(0.1);
    expect(runner.isRehearsal).toBe(false);
    expect(held()).toEqual(before);
  }, 60_000);
});
