import { gaussian, Mask, type Random, seededRandom } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AdamWStep, AdamWTensors, OwnedAdamW } from '../src/ops/adamw/adamw.ts';
import { ComposedAdamW } from '../src/ops/adamw/composed-adamw.ts';

export const step: AdamWStep = {
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-6,
  stepSize: 0.03,
  spreadScale: 1.2,
  decay: 0.004,
  clipNorm: 0,
};

interface Case {
  readonly size: number;
  readonly density: number;
  readonly clipNorm: number;
  readonly strength: number | null;
  readonly seed: number;
}

const cases: fc.Arbitrary<Case> = fc.record({
  size: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 20_000 })),
  density: fc.constantFrom(0, 0.1, 0.5, 1),
  clipNorm: fc.constantFrom(0, 0.5, 1e6),
  strength: fc.constantFrom(null, 0.3),
  seed: fc.nat(),
});

/** More than the invocations of any program. */
const strided: Case = { size: 270_001, density: 0.5, clipNorm: 0.5, strength: 0.3, seed: 1 };

/** What every AdamW on owned coordinates must do; the caller has started its backend. */
export function adamwContract(make: (tensors: AdamWTensors, mask: Mask) => OwnedAdamW): void {
  it('[PF4] is the composed one on owned coordinates, and leaves the others to the bit', async () => {
    const check = async ({ size, density, clipNorm, strength, seed }: Case) => {
      const random = seededRandom(seed);
      const mask = Mask.from(size, () => random() < density);
      const start = [normal(size, random), normal(size, random), squares(size, random)] as const;
      const gradients = [1, 2].map(() => tf.tensor1d(normal(size, random)));
      const pull = strength && { anchor: tf.tensor1d(normal(size, random)), strength };
      const before = tf.memory().numTensors;
      const after = async (optimizer: OwnedAdamW) => {
        for (const gradient of gradients) optimizer.apply(gradient, { ...step, clipNorm }, pull || null);
        const { theta, firstMoment, secondMoment } = optimizer.tensors;
        const values = await Promise.all([theta.data(), firstMoment.data(), secondMoment.data()]);
        optimizer.dispose();
        return values as unknown as Float32Array[];
      };
      const ours = await after(make(tensorsOf(start), mask));
      const theirs = await after(new ComposedAdamW(tensorsOf(start), mask));
      expect(tf.memory().numTensors).toBe(before);
      tf.dispose([...gradients, ...(pull ? [pull.anchor] : [])]);
      start.forEach((was, i) => {
        const [now, expected] = [ours[i] as Float32Array, theirs[i] as Float32Array];
        const isRight = (value: number, p: number) =>
          mask.has(p) ? Math.abs(value - (expected[p] as number)) < 1e-5 : Object.is(value, was[p]);
        expect(now.findIndex((value, p) => !isRight(value, p))).toBe(-1);
      });
    };
    await fc.assert(fc.asyncProperty(cases, check), { numRuns: 15, examples: [[strided]] });
  });

  it('does not see what an unowned coordinate has, not even NaN', async () => {
    const mask = Mask.from(8, (p) => p % 2 === 0);
    const optimizer = make(tensorsOf([new Float32Array(8), new Float32Array(8), new Float32Array(8)]), mask);
    const gradient = tf.tensor1d(Float32Array.from({ length: 8 }, (_, p) => (p % 2 === 0 ? 1 : Number.NaN)));
    optimizer.apply(gradient, { ...step, clipNorm: 1 }, null);
    const theta = await optimizer.tensors.theta.data();
    expect(theta.every((value, p) => (p % 2 === 0 ? value < 0 : value === 0))).toBe(true);
    optimizer.dispose();
    gradient.dispose();
  });
}

function normal(size: number, random: Random): Float32Array {
  return Float32Array.from({ length: size }, () => gaussian(random));
}

function squares(size: number, random: Random): Float32Array {
  return normal(size, random).map((value) => 0.01 + value ** 2);
}

export function tensorsOf([theta, first, second]: readonly [Float32Array, Float32Array, Float32Array]): AdamWTensors {
  return { theta: tf.tensor1d(theta), firstMoment: tf.tensor1d(first), secondMoment: tf.tensor1d(second) };
}
