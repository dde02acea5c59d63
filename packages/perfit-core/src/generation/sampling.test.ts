import { seededRandom } from '@perfit/protocol/space';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawToken, penalizeRepetition, type SamplingOptions, tokenDistribution } from './sampling.ts';

const PLAIN: SamplingOptions = { temperature: 1, topK: 0, topP: 1, minP: 0 };
const logProbabilities = (...probabilities: number[]) => Float32Array.from(probabilities, Math.log);
const rounded = (values: Iterable<number>) => Array.from(values, (value) => Math.round(value * 1e4) / 1e4);

const anyLogits = fc.float32Array({ minLength: 1, maxLength: 40, noNaN: true, min: -30, max: 30 });

describe('tokenDistribution', () => {
  it('is the softmax, the likeliest first', () => {
    const { ids, probabilities } = tokenDistribution(logProbabilities(0.2, 0.5, 0.3), PLAIN);
    expect([...ids]).toEqual([1, 2, 0]);
    expect(rounded(probabilities)).toEqual([0.5, 0.3, 0.2]);
  });

  it('is flatter when hot, sharper when cold, and the likeliest alone at 0', () => {
    const logits = logProbabilities(0.1, 0.9);
    const first = (temperature: number) => tokenDistribution(logits, { ...PLAIN, temperature }).probabilities[0];
    expect(first(2)).toBeCloseTo(0.75, 4); // √9 : √1
    expect(first(0.5)).toBeCloseTo(81 / 82, 4); // 9² : 1²
    expect([...tokenDistribution(Float32Array.of(1, 3, 3), { ...PLAIN, temperature: 0 }).ids]).toEqual([1]);
  });

  it('keeps the k likeliest, the fewest that reach top-p, and those above min-p', () => {
    const logits = logProbabilities(0.4, 0.3, 0.2, 0.1);
    const kept = (options: Partial<SamplingOptions>) => {
      const { ids, probabilities } = tokenDistribution(logits, { ...PLAIN, ...options });
      return [[...ids], rounded(probabilities)];
    };
    expect(kept({ topK: 2 })).toEqual([
      [0, 1],
      [0.5714, 0.4286],
    ]);
    expect(kept({ topP: 0.69 })).toEqual([
      [0, 1],
      [0.5714, 0.4286],
    ]);
    expect(kept({ topP: 0.71 })).toEqual([
      [0, 1, 2],
      [0.4444, 0.3333, 0.2222],
    ]);
    expect(kept({ topP: 0 })).toEqual([[0], [1]]);
    expect(kept({ minP: 0.6 })).toEqual([
      [0, 1],
      [0.5714, 0.4286],
    ]);
    expect(kept({ topK: 3, topP: 0.9 })).toEqual([
      [0, 1, 2],
      [0.4444, 0.3333, 0.2222],
    ]);
  });

  it('sums to 1 over different ids in order, whatever the options, and top-k equals a full sort', () => {
    const options = fc.record({
      temperature: fc.double({ min: 0.05, max: 4, noNaN: true }),
      topK: fc.integer({ min: 0, max: 45 }),
      topP: fc.double({ min: 0, max: 1, noNaN: true }),
      minP: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(anyLogits, options, (logits, drawn) => {
        const { ids, probabilities } = tokenDistribution(logits, drawn);
        expect(ids.length).toBeGreaterThan(0);
        expect(new Set(ids).size).toBe(ids.length);
        expect(probabilities.reduce((total, p) => total + p, 0)).toBeCloseTo(1, 9);
        const all = tokenDistribution(logits, PLAIN).ids;
        expect([...ids]).toEqual([...all.subarray(0, ids.length)]);
      }),
    );
  });

  it('never draws what is impossible', () => {
    const logits = Float32Array.of(Number.NaN, Number.NEGATIVE_INFINITY, -5);
    for (const topK of [0, 1, 2]) expect([...tokenDistribution(logits, { ...PLAIN, topK }).ids]).toEqual([2]);
    expect([...tokenDistribution(logits, { ...PLAIN, temperature: 0 }).ids]).toEqual([2]);
    for (const temperature of [0, 1]) {
      expect(() => tokenDistribution(logits.slice(0, 2), { ...PLAIN, temperature })).toThrow(RangeError);
    }
  });
});

describe('drawToken', () => {
  it('draws each token as often as it is likely, the same for the same seed', () => {
    const distribution = tokenDistribution(logProbabilities(0.5, 0.3, 0.15, 0.05), PLAIN);
    const draw = (seed: number, count: number) => {
      const random = seededRandom(seed);
      return Array.from({ length: count }, () => drawToken(distribution, random));
    };
    const counts = [0, 0, 0, 0];
    for (const id of draw(11, 20_000)) counts[id] = (counts[id] as number) + 1;
    // χ² with 3 degrees of freedom; 16.3 is the 0.1 % point. The seed is fixed: this does not flicker.
    const chiSquare = [0.5, 0.3, 0.15, 0.05].reduce(
      (total, p, id) => total + ((counts[id] as number) - p * 20_000) ** 2 / (p * 20_000),
      0,
    );
    expect(chiSquare).toBeLessThan(16.3);
    expect(draw(3, 50)).toEqual(draw(3, 50));
    expect(draw(3, 50)).not.toEqual(draw(4, 50));
  });

  it('stays inside for the largest and smallest random number', () => {
    const distribution = tokenDistribution(logProbabilities(0.6, 0.4), PLAIN);
    expect(drawToken(distribution, () => 0)).toBe(0);
    expect(drawToken(distribution, () => 1 - 2 ** -24)).toBe(1);
  });
});

describe('penalizeRepetition', () => {
  it('makes what came before less likely, once, and spares what it is told to', () => {
    const logits = Float32Array.of(2, -2, 4, 1);
    expect([...penalizeRepetition(logits, [0, 0, 1, 2, 99], 2, new Set([2]))]).toEqual([1, -4, 4, 1]);
    expect([...logits]).toEqual([2, -2, 4, 1]);
    expect([...penalizeRepetition(logits, [0, 1], 1)]).toEqual([...logits]);
  });
});
