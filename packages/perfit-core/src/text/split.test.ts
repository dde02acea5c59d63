import { seededRandom, shuffled } from '@perfit/protocol/space';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from './data-error.ts';
import { exampleKey } from './example-key.ts';
import { splitExamples } from './split.ts';

const example = (i: number) => ({ instruction: `Q${i}`, response: `A${i}` });
const examples = (count: number) => Array.from({ length: count }, (_, i) => example(i));

describe('splitExamples', () => {
  it('[PF8] holds out its share, at least four, and loses nothing', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: 200 }),
        fc.double({ min: 0.01, max: 0.5, noNaN: true }),
        fc.integer(),
        (count, heldOutFraction, seed) => {
          const all = examples(count);
          const { training, heldOut } = splitExamples(all, { heldOutFraction, seed });
          expect(heldOut.length).toBe(Math.max(4, Math.round(heldOutFraction * count)));
          expect(new Set([...training, ...heldOut])).toEqual(new Set(all));
          expect(training.length + heldOut.length).toBe(count);
        },
      ),
    );
  });

  it('[PF8] never has an example on both sides, however often it comes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 40 }), { minLength: 30, maxLength: 80 }), fc.integer(), (numbers, seed) => {
        const all = numbers.map((i, at) => ({ ...example(i), response: at % 2 ? `A${i}` : ` A${i}\n` }));
        fc.pre(new Set(numbers).size > 12);
        const { training, heldOut } = splitExamples(all, { heldOutFraction: 0.2, seed });
        const trained = new Set(training.map(exampleKey));
        for (const held of heldOut) expect(trained.has(exampleKey(held))).toBe(false);
      }),
    );
  });

  it('hangs on the seed and the texts, not on their order', () => {
    const all = examples(60);
    const keys = (seed: number, order = all) =>
      splitExamples(order, { heldOutFraction: 0.2, seed }).heldOut.map(exampleKey).sort();
    expect(keys(1)).toEqual(keys(1, shuffled(all, seededRandom(9))));
    expect(keys(1)).not.toEqual(keys(2));
    const grown = keys(1, examples(66));
    expect(keys(1).filter((key) => grown.includes(key)).length).toBeGreaterThanOrEqual(10);
  });

  it('refuses too few different examples, and shares that are none', () => {
    expect(() => splitExamples(examples(4), { heldOutFraction: 0.2, seed: 1 })).toThrow(DataError);
    expect(() => splitExamples(Array(20).fill(example(1)), { heldOutFraction: 0.2, seed: 1 })).toThrow(DataError);
    for (const heldOutFraction of [0, 1, Number.NaN]) {
      expect(() => splitExamples(examples(20), { heldOutFraction, seed: 1 })).toThrow(RangeError);
    }
  });
});
