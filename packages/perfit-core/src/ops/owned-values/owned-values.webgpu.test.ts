import { Mask, seededRandom } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../../testing/needs.ts';
import { read } from '../../../test/op-check.ts';
import { startWebGpu } from '../../../test/webgpu.ts';
import { OwnedValues } from './owned-values.ts';

const floatOf = (bits: number) => new Float32Array(Uint32Array.of(bits).buffer)[0] as number;
const bitsOf = (values: Float32Array) => Array.from(new Uint32Array(values.slice().buffer));

describe('OwnedValues', needsWebGpu, () => {
  beforeAll(startWebGpu);

  it('[PF5] packs and unpacks as the mask does, to the bit', async () => {
    const cases = fc.record({
      size: fc.integer({ min: 1, max: 2000 }),
      density: fc.constantFrom(0, 0.1, 0.5, 1),
      seed: fc.nat(),
    });
    const check = async ({ size, density, seed }: { size: number; density: number; seed: number }) => {
      const before = tf.memory().numTensors;
      const random = seededRandom(seed);
      // Going through a number of the host makes every NaN a quiet one.
      const anyBits = () => Float32Array.from({ length: size }, () => floatOf(random() * 2 ** 32));
      const [values, rest] = [anyBits(), anyBits()];
      const mask = Mask.from(size, () => random() < density);
      const owned = new OwnedValues(mask);
      const [x, other] = [tf.tensor1d(values), tf.tensor1d(rest)];
      const packed = owned.pack(x);
      expect(bitsOf((await packed.data()) as Float32Array)).toEqual(bitsOf(mask.pack(values)));
      expect(bitsOf(await read(owned.unpack(packed)))).toEqual(bitsOf(mask.apply(values)));
      const merged = mask.unpack(mask.pack(values), rest);
      expect(bitsOf(await read(owned.unpack(packed, other)))).toEqual(bitsOf(merged));
      tf.dispose([x, other, packed]);
      owned.dispose();
      expect(tf.memory().numTensors).toBe(before);
    };
    await fc.assert(fc.asyncProperty(cases, check), {
      numRuns: 20,
      examples: [[{ size: 270_001, density: 0.5, seed: 1 }]],
    });
  });

  it('refuses what does not fit its mask', () => {
    const owned = new OwnedValues(Mask.from(10, (p) => p < 4));
    const x = tf.zeros<tf.Rank.R1>([5]);
    for (const call of [() => owned.pack(x), () => owned.unpack(x)]) expect(call).toThrow(RangeError);
    owned.dispose();
    x.dispose();
  });
});
