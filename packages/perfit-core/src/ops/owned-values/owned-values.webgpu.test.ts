import { Mask, seededRandom } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../../testing/needs.ts';
import { encodeValues, type WireDtype } from '../../../../protocol/src/index.ts';
import { read } from '../../../test/op-check.ts';
import { startWebGpu } from '../../../test/webgpu.ts';
import { OwnedValues } from './owned-values.ts';
import { payloadBytes, quantiseToHalf, quantiseToInt8 } from './quantised.ts';

const headerLength = 76;
const hash = '0f'.repeat(32);

/** What the host puts behind the header. */
function encoded(values: Float32Array, dtype: WireDtype): number[] {
  return Array.from(encodeValues(values, dtype, { layoutHash: hash, maskHash: hash }).subarray(headerLength));
}

async function onDevice(values: Float32Array, dtype: 'f16' | 'int8'): Promise<number[]> {
  const tensor = tf.tensor1d(values, 'float32');
  const bytes = await payloadBytes(dtype === 'f16' ? quantiseToHalf(tensor) : quantiseToInt8(tensor));
  tensor.dispose();
  return Array.from(bytes);
}

const floatOf = (bits: number) => new Float32Array(Uint32Array.of(bits).buffer)[0] as number;
const bitsOf = (values: Float32Array) => Array.from(new Uint32Array(values.slice().buffer));
const anyFloat = fc.oneof(
  fc.nat(0xffffffff).map(floatOf),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ min: Math.fround(-1e-4), max: Math.fround(1e-4), noNaN: true }),
  fc.float({ min: -70000, max: 70000, noNaN: true }),
);

/** Values of one size in each block, so that steps of all kinds occur; some are halfway between two steps. */
const evenBlocks = fc
  .record({ seed: fc.nat(), exponent: fc.integer({ min: -149, max: 127 }), count: fc.integer({ min: 1, max: 200 }) })
  .map(({ seed, exponent, count }) => {
    const random = seededRandom(seed);
    const halves = Float32Array.from({ length: count }, () => Math.floor(random() * 508 - 254) / 2);
    if (seed % 2)
      return halves
        .fill(127, 0, 1)
        .map((value) => value * 2 ** exponent)
        .map(finite);
    return halves.map((value) => value * random() * 2 ** exponent).map(finite);
  });
const finite = (value: number) => (Number.isFinite(value) ? value : 1);

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

describe('quantised values', needsWebGpu, () => {
  beforeAll(startWebGpu);

  it.each(['f16', 'int8'] as const)('[DC2] are the bytes of the codec in %s', async (dtype) => {
    const before = tf.memory().numTensors;
    const cases = fc.oneof(
      fc.array(anyFloat, { maxLength: 200 }).map((numbers) => Float32Array.from(numbers)),
      evenBlocks,
    );
    const check = async (values: Float32Array) => {
      expect(await onDevice(values, dtype)).toEqual(encoded(values, dtype));
    };
    await fc.assert(fc.asyncProperty(cases, check), { numRuns: 150 });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('[DC2] round as the codec does all about the borders of binary16', async () => {
    const values = Float32Array.from({ length: 0x8000 }, (_, i) => {
      const exponent = -26 + (i % 45);
      return (i % 2 ? -1 : 1) * 2 ** exponent * (1 + (Math.floor(i / 45) % 8) / 4096 + (i % 3) * 2 ** -23);
    });
    expect(await onDevice(values, 'f16')).toEqual(encoded(values, 'f16'));
  });

  it('[DC2] have the scale of the codec for every magnitude', async () => {
    const random = seededRandom(4);
    // A block for each exponent and eight mantissas: the largest of it, the least scale's neighbours among them.
    const mantissas = [0, 1, 0x7e0000, 0x7dffff, 0x7e0001, 0x7fffff, ...[0, 0].map(() => random() * 2 ** 23)];
    const exponents = Array.from({ length: 255 }, (_, exponent) => exponent);
    const largest = exponents.flatMap((exponent) => mantissas.map((mantissa) => floatOf((exponent << 23) | mantissa)));
    const values = Float32Array.from({ length: 64 * largest.length }, (_, i) => {
      const most = largest[i >> 6] as number;
      return i % 64 === 0 ? most : most * (2 * random() - 1);
    });
    expect(await onDevice(values, 'int8')).toEqual(encoded(values, 'int8'));
  });
});
