import { Mask, seededRandom } from '@perfit/protocol/space';
import { describe, expect, it } from 'vitest';
import { compileKernel } from '../../../test/compile-kernel.ts';
import { deltaNorm, ParameterSums } from '../../index.ts';
import { MANY_POSITIONS } from '../parameter-sums.ts';
import { naiveSquares, sumOfSquares } from '../squares.ts';
import { BLOCK, MAX_WEIGHT, SumsKernel } from './sums-kernel.ts';
import { sumsWasm } from './sums-wasm.ts';

interface Submission {
  readonly mask: Mask;
  readonly delta: Float32Array;
  readonly weight: number;
}

/** Values of all sizes, with zeros of both signs and subnormal numbers among them. */
function drawValue(random: () => number): number {
  const kind = random();
  if (kind < 0.05) return kind < 0.025 ? -0 : 0;
  return (random() - 0.5) * 2 ** Math.floor(kind < 0.1 ? -149 + 20 * random() : 40 * random() - 20);
}

function drawSubmissions(size: number, count: number, seed: number): Submission[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    // Also what takes other ways through the kernel: nothing, everything, and whole bytes.
    const density = [0.5, 1, 0.03, 0, 0.9][i % 5] as number;
    const mask = Mask.from(size, (p) => (i === 5 ? (p >> 3) % 2 === 0 : random() < density));
    const delta = Float32Array.from({ length: mask.kept }, () => drawValue(random));
    return { mask, delta, weight: 1 + Math.floor(1000 * random()) };
  });
}

/** PF6's two sums as they are written, in double precision. */
function naiveSums(size: number, submissions: readonly Submission[]) {
  const sums = new Float64Array(size);
  const weights = new Float64Array(size);
  for (const { mask, delta, weight } of submissions) {
    mask.positions().forEach((p, i) => {
      sums[p] = (sums[p] as number) + weight * (delta[i] as number);
      weights[p] = (weights[p] as number) + weight;
    });
  }
  return { sums, weights };
}

function naiveTheta(global: Float32Array, submissions: readonly Submission[]): Float32Array {
  const { sums, weights } = naiveSums(global.length, submissions);
  return global.map((value, p) => {
    const weight = weights[p] as number;
    return weight === 0 ? value : value + (sums[p] as number) / weight;
  });
}

/** Bits, so that zeros of different signs differ. */
function bitsOf(numbers: Float64Array | Float32Array | Uint32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength).slice();
}

describe("the sums' kernel", () => {
  it('is what sums.wat compiles to', async () => {
    expect(sumsWasm).toBe(await compileKernel());
  });

  for (const size of [1, 7, 8, 1000, BLOCK, BLOCK + 1, 3 * BLOCK - 5]) {
    it(`[PF6] has the sums of ${size} positions to the bit`, () => {
      const kernel = new SumsKernel(size);
      const submissions = drawSubmissions(size, 7, size);
      for (const { mask, delta, weight } of submissions) kernel.fold(mask.bytes, delta, weight);
      const { sums, weights } = naiveSums(size, submissions);
      expect(Buffer.compare(bitsOf(kernel.sums), bitsOf(sums))).toBe(0);
      expect(Buffer.compare(bitsOf(kernel.weights), bitsOf(Uint32Array.from(weights)))).toBe(0);
    });
  }

  it('[UP3] adds squares up as the naive loop does, to the bit, and sees what is not finite wherever it stands', () => {
    const random = seededRandom(3);
    for (const length of [0, 1, 9, 1023, 1024, 1031, BLOCK]) {
      const values = Float32Array.from({ length }, () => drawValue(random));
      expect(new SumsKernel(0).squares(values)).toBe(naiveSquares(values));
      expect(sumOfSquares(values)).toBe(naiveSquares(values));
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        if (length === 0) continue;
        const spoilt = values.slice();
        spoilt[Math.floor(random() * length)] = bad;
        expect(sumOfSquares(spoilt)).not.toSatisfy(Number.isFinite);
      }
    }
    // The largest that there are do not overflow.
    expect(deltaNorm(new Float32Array(3 * BLOCK).fill(3.4e38))).toSatisfy(Number.isFinite);
  });
});

describe('parameter sums of many positions', () => {
  const size = MANY_POSITIONS + 11;

  function theta(submissions: readonly Submission[]): { ours: Float32Array; naive: Float32Array } {
    const random = seededRandom(8);
    const global = Float32Array.from({ length: size }, () => random() - 0.5);
    const sums = new ParameterSums(size);
    for (const { mask, delta, weight } of submissions) sums.add(mask, delta, weight);
    return { ours: sums.apply(global), naive: naiveTheta(global, submissions) };
  }

  it('[PF6] make the same theta, to the bit, as the definition', () => {
    const { ours, naive } = theta(drawSubmissions(size, 9, 1));
    expect(Buffer.compare(bitsOf(ours), bitsOf(naive))).toBe(0);
  });

  it('[PF6] take weights beyond 32 bits, alone and together, and broken ones', () => {
    const drawn = drawSubmissions(size, 8, 2);
    const weights = [MAX_WEIGHT, 5, MAX_WEIGHT - 4, 2 ** 40, 3, 0.25, MAX_WEIGHT, 7];
    const { ours, naive } = theta(drawn.map((each, i) => ({ ...each, weight: weights[i] as number })));
    expect(Buffer.compare(bitsOf(ours), bitsOf(naive))).toBe(0);
  });

  it('[PF6] merge with those of another process', () => {
    const submissions = drawSubmissions(size, 6, 4);
    const global = new Float32Array(size);
    const [one, other] = [new ParameterSums(size), new ParameterSums(size)];
    submissions.forEach(({ mask, delta, weight }, i) => {
      (i < 3 ? one : other).add(mask, delta, weight);
    });
    one.merge(other);
    const expected = naiveTheta(global, submissions);
    const worst = one.apply(global).reduce((most, value, p) => {
      const error = Math.abs(value - (expected[p] as number)) / Math.max(1, Math.abs(expected[p] as number));
      return Math.max(most, error);
    }, 0);
    expect(worst).toBeLessThan(1e-6);
  });
});
