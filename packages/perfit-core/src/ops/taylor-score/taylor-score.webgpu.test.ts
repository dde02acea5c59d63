import { Mask } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../../testing/needs.ts';
import { normal, read } from '../../../test/op-check.ts';
import { startWebGpu } from '../../../test/webgpu.ts';
import { maskTensor } from '../mask-bits/mask-bits.ts';
import { zeroUnowned } from '../mask-bits/zero-unowned.ts';
import { composedTaylorScore, type Scored, taylorScore } from './taylor-score.ts';

describe('taylorScore', needsWebGpu, () => {
  beforeAll(startWebGpu);

  it('[PF3] is the composed score of owned positions, and zero elsewhere', async () => {
    const check = async (size: number, every: number) => {
      const before = tf.memory().numTensors;
      const [theta, gradient] = [normal([size], size), normal([size], size + 1)] as [tf.Tensor1D, tf.Tensor1D];
      const mask = Mask.from(size, (p) => p % every === 0);
      const bits = maskTensor(mask);
      const all: Scored[] = [
        { score: 'taylor', theta, gradient },
        { score: 'gradient', gradient },
        { score: 'magnitude', theta },
      ];
      for (const scored of all) {
        const expected = mask.apply(await read(composedTaylorScore(scored)));
        expect(firstDifference(await read(taylorScore(scored, bits)), expected)).toBe(-1);
      }
      const values = (await theta.data()) as Float32Array;
      zeroUnowned(theta, bits);
      expect(firstDifference(await read(theta), mask.apply(values))).toBe(-1);
      tf.dispose([gradient, bits]);
      expect(tf.memory().numTensors).toBe(before);
    };
    const sizes = fc.integer({ min: 1, max: 3000 });
    await fc.assert(fc.asyncProperty(sizes, fc.integer({ min: 1, max: 5 }), check), {
      numRuns: 20,
      examples: [[270_001, 3]],
    });
  });
});

function firstDifference(values: Float32Array, expected: Float32Array): number {
  return values.findIndex((value, p) => !Object.is(value, expected[p]));
}
