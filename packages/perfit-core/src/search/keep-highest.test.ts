import { Mask } from '@perfit/protocol/space';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keepHighest } from './keep-highest.ts';

/** Scores of which many are equal, among them zeros of both signs and the smallest numbers. */
const score = fc.oneof(
  fc.constantFrom(0, -0, 1, 0.5, 2 ** -149, 2 ** -130, 3.5),
  fc.float({ min: 0, noNaN: true, noDefaultInfinity: true }),
);

function naive(scores: Float32Array, count: number, candidates: Mask): Mask {
  const order = Array.from(candidates.positions()).sort(
    (a, b) => (scores[b] as number) - (scores[a] as number) || a - b,
  );
  const kept = new Set(order.slice(0, count));
  return Mask.from(scores.length, (p) => kept.has(p));
}

describe('keepHighest', () => {
  it('[PF3] keeps what a full sort keeps, ties to the lower index', () => {
    const cases = fc.array(fc.tuple(score, fc.boolean()), { maxLength: 80 }).chain((pairs) => {
      const candidates = pairs.filter(([, isCandidate]) => isCandidate).length;
      return fc.tuple(fc.constant(pairs), fc.integer({ min: 0, max: candidates }));
    });
    fc.assert(
      fc.property(cases, ([pairs, count]) => {
        const scores = Float32Array.from(pairs, ([value]) => value);
        const candidates = Mask.from(pairs.length, (p) => (pairs[p] as [number, boolean])[1]);
        const kept = keepHighest(scores, count, candidates);
        expect(Array.from(kept.positions())).toEqual(Array.from(naive(scores, count, candidates).positions()));
      }),
      { numRuns: 500 },
    );
  });

  it('refuses scores that cannot be ranked, naming the position', () => {
    expect(() => keepHighest(Float32Array.of(1, Number.NaN, 2), 1)).toThrow(/score at 1 is NaN/);
    expect(() => keepHighest(Float32Array.of(1, -1, 2), 1)).toThrow(/score at 1 is -1/);
    expect(() => keepHighest(Float32Array.of(1, 2), 3)).toThrow(RangeError);
  });
});
