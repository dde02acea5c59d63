import { Mask, seededRandom } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../../testing/needs.ts';
import { startWebGpu } from '../../../test/webgpu.ts';
import { keepHighest } from '../../search/keep-highest.ts';
import { maskOfWords, maskTensor } from '../mask-bits/mask-bits.ts';
import { keepHighestOnDevice, type RankedSegment } from './keep-highest.ts';

/** Scores of which many are equal: zeros of both signs, denormals, neighbours, the largest. */
const score = fc.oneof(
  fc.constantFrom(0, -0, 1, 0.5, 2 ** -149, 2 ** -130, 3.5, 1 + 2 ** -23, (2 - 2 ** -23) * 2 ** 127),
  fc.float({ min: 0, noNaN: true, noDefaultInfinity: true }),
);

/** On the device, over the whole. */
async function onDevice(scores: Float32Array, count: number, candidates: Mask): Promise<Mask> {
  const whole = { offset: 0, size: scores.length, candidates: candidates.kept, count };
  return await segmentsOnDevice(scores, candidates, [whole]);
}

async function segmentsOnDevice(scores: Float32Array, candidates: Mask, segments: RankedSegment[]): Promise<Mask> {
  const [values, mask] = [tf.tensor1d(scores), maskTensor(candidates)];
  try {
    await keepHighestOnDevice(values, mask, segments);
    return maskOfWords(scores.length, (await mask.data()) as Int32Array);
  } finally {
    tf.dispose([values, mask]);
  }
}

/** Each segment by itself, on the host. */
function segmentsOnHost(scores: Float32Array, candidates: Mask, segments: RankedSegment[]): Mask {
  const kept = new Set(candidates.positions());
  for (const { offset, size, count } of segments) {
    const within = Mask.from(size, (p) => candidates.has(offset + p));
    const mask = keepHighest(scores.subarray(offset, offset + size), count, within);
    for (let p = 0; p < size; p++) if (!mask.has(p)) kept.delete(offset + p);
  }
  return Mask.from(scores.length, (p) => kept.has(p));
}

describe('keepHighestOnDevice', needsWebGpu, () => {
  beforeAll(startWebGpu);

  it('[PF3] keeps what the host keeps, and leaves nothing behind', async () => {
    const cases = fc.array(fc.tuple(score, fc.boolean()), { minLength: 1, maxLength: 150 }).chain((pairs) => {
      const candidates = pairs.filter(([, isCandidate]) => isCandidate).length;
      return fc.tuple(fc.constant(pairs), fc.integer({ min: 0, max: candidates }));
    });
    const before = tf.memory().numTensors;
    const check = async ([pairs, count]: [[number, boolean][], number]) => {
      const scores = Float32Array.from(pairs, ([value]) => value);
      const candidates = Mask.from(pairs.length, (p) => (pairs[p] as [number, boolean])[1]);
      const kept = await onDevice(scores, count, candidates);
      expect(Array.from(kept.positions())).toEqual(Array.from(keepHighest(scores, count, candidates).positions()));
    };
    await fc.assert(fc.asyncProperty(cases, check), { numRuns: 50 });
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    ['that all differ', 1e6],
    ['of which many are equal', 40],
    ['of which most are zero', 1],
  ])('[PF3] ranks scores %s over many blocks', async (_, levels) => {
    const random = seededRandom(levels);
    const size = 30_001;
    const scores = Float32Array.from({ length: size }, () => Math.floor(random() * levels * 1.2) / levels);
    const candidates = Mask.from(size, () => random() < 0.7);
    for (const count of [1, 9_000, candidates.kept - 1]) {
      const kept = await onDevice(scores, count, candidates);
      expect(kept.equals(keepHighest(scores, count, candidates))).toBe(true);
    }
  });

  it('[PF3] ranks more scores than there are invocations', async () => {
    const random = seededRandom(7);
    const scores = Float32Array.from({ length: 140_000 }, () => Math.fround(random()));
    const all = Mask.full(scores.length);
    expect((await onDevice(scores, 50_000, all)).equals(keepHighest(scores, 50_000, all))).toBe(true);
  });

  it('[PF3] ranks within segments that begin and end anywhere, and leaves what is between them', async () => {
    const cases = fc.record({ sizes: fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 8 }), seed: fc.nat() });
    const check = async ({ sizes, seed }: { sizes: number[]; seed: number }) => {
      const random = seededRandom(seed);
      const total = sizes.reduce((sum, size) => sum + size, 0) + 40;
      const scores = Float32Array.from({ length: total }, () => Math.floor(random() * 8));
      const candidates = Mask.from(total, () => random() < 0.8);
      let offset = Math.floor(random() * 40);
      const segments = sizes.map((size): RankedSegment => {
        const at = offset;
        offset += size;
        const within = Mask.from(size, (p) => candidates.has(at + p)).kept;
        return { offset: at, size, candidates: within, count: Math.floor(random() * (within + 1)) };
      });
      const kept = await segmentsOnDevice(scores, candidates, segments);
      expect(kept.equals(segmentsOnHost(scores, candidates, segments))).toBe(true);
    };
    await fc.assert(fc.asyncProperty(cases, check), { numRuns: 15 });
  });

  it('refuses scores that cannot be ranked with the words of the host, where they are candidates', async () => {
    const before = tf.memory().numTensors;
    for (const wrong of [Number.NaN, -1, -(2 ** -149), Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const scores = Float32Array.from({ length: 100 }, (_, p) => (p === 70 || p === 90 ? wrong : p));
      const all = Mask.full(100);
      const message = messageOf(() => keepHighest(scores, 10, all));
      expect(message).toContain('the score at 70 is');
      await expect(onDevice(scores, 10, all)).rejects.toThrow(new RangeError(message));
      const others = Mask.from(100, (p) => p !== 70 && p !== 90);
      expect((await onDevice(scores, 10, others)).equals(keepHighest(scores, 10, others))).toBe(true);
      // Nothing is ranked where all or none are kept.
      expect((await onDevice(scores, 0, all)).kept).toBe(0);
      expect((await onDevice(scores, 100, all)).kept).toBe(100);
    }
    await expect(onDevice(Float32Array.of(1, 2), 3, Mask.full(2))).rejects.toThrow('3 of 2 candidates cannot be kept');
    expect(tf.memory().numTensors).toBe(before);
  });
});

function messageOf(task: () => unknown): string {
  try {
    task();
  } catch (error) {
    return (error as Error).message;
  }
  return expect.fail('it threw nothing');
}
