import { decodeValues, encodeValues } from '@perfit/protocol';
import { Mask } from '@perfit/protocol/space';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Residual } from '../index.ts';
import { encodeWithFeedback, owedAt } from './error-feedback.ts';

const owner = { layoutHash: 'a1'.repeat(32), maskHash: '0f'.repeat(32) };
const decoded = (bytes: Uint8Array, count: number) => decodeValues(bytes, { ...owner, count });

/** Half of what one step is in the block of position i. */
function halfStepAt(values: Float32Array, i: number): number {
  const block = values.subarray(i - (i % 64), i - (i % 64) + 64);
  return block.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127 / 2;
}

function add(sum: Float64Array, values: Float32Array): void {
  values.forEach((value, i) => {
    sum[i] = (sum[i] as number) + value;
  });
}

/** Deltas of so many rounds, of a few blocks, each value of a magnitude of its own. */
function arbitraryDeltas(): fc.Arbitrary<Float32Array[]> {
  const value = fc
    .tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.integer({ min: -20, max: 0 }))
    .map(([unit, exponent]) => unit * 2 ** exponent);
  return fc
    .integer({ min: 0, max: 150 })
    .chain((count) =>
      fc.array(fc.array(value, { minLength: count, maxLength: count }), { minLength: 1, maxLength: 12 }),
    )
    .map((rounds) => rounds.map((round) => Float32Array.from(round)));
}

describe('error feedback', () => {
  it('[PF5a] after every round, what has arrived is all that was due, up to half a step of the latest delta', () => {
    fc.assert(
      fc.property(arbitraryDeltas(), (deltas) => {
        const count = deltas[0]?.length ?? 0;
        const [due, arrived] = [new Float64Array(count), new Float64Array(count)];
        let owed = new Float32Array(count);
        for (const delta of deltas) {
          const whole = delta.map((value, i) => value + (owed[i] as number));
          const { bytes, after } = encodeWithFeedback(delta, owed, owner);
          add(due, delta);
          add(arrived, decoded(bytes, count));
          owed = after.slice();
          const missing = due.map((value, i) => value - (arrived[i] as number));
          // binary32 rounds the sums; they stay below 2 for every round.
          const slack = deltas.length * 2 ** -22;
          expect(missing.every((value, i) => Math.abs(value) <= halfStepAt(whole, i) + slack)).toBe(true);
          expect(missing.every((value, i) => Math.abs(value - (owed[i] as number)) <= slack)).toBe(true);
        }
      }),
    );
  });

  it('[DC2] brings in what is always below a step, which rounding alone loses for good', () => {
    const delta = Float32Array.of(1, 0.3 / 127);
    const alone = decoded(encodeValues(delta, 'int8', owner), 2);
    expect(alone[1]).toBe(0);
    let [arrived, owed] = [0, new Float32Array(2)];
    for (let round = 1; round <= 100; round++) {
      const { bytes, after } = encodeWithFeedback(delta, owed, owner);
      arrived += decoded(bytes, 2)[1] as number;
      owed = after.slice();
    }
    expect(arrived * 127).toBeCloseTo(30, 0);
  });

  it('[UP3] leaves a delta that is not finite for the coordinator to refuse', () => {
    const { bytes } = encodeWithFeedback(Float32Array.of(1, Number.NaN), new Float32Array(2), owner);
    expect(decoded(bytes, 2).some(Number.isFinite)).toBe(false);
  });
});

describe('what a delta has to give back', () => {
  const mask = Mask.from(6, (p) => p < 4);
  const residual: Residual = {
    round: 5,
    mask,
    before: Float32Array.of(1, 2, 3, 4),
    after: Float32Array.of(10, 20, 30, 40),
  };
  const owed = (round: number, lastSubmission: number | null) => [...owedAt(mask, residual, { round, lastSubmission })];

  it('is nothing at first', () => {
    expect(owedAt(mask, null, { round: 1, lastSubmission: null })).toEqual(new Float32Array(4));
  });

  it('[UP4] is what the latest one lost, once that was accepted', () => {
    expect(owed(6, 5)).toEqual([10, 20, 30, 40]);
    expect(owed(9, 5)).toEqual([10, 20, 30, 40]);
  });

  it('[UP5] is what it was where the latest one came too late or was refused', () => {
    for (const accepted of [null, 1, 4]) expect(owed(6, accepted)).toEqual([1, 2, 3, 4]);
  });

  it('[RD5] is the same for the same round, also where the coordinator asks for it after it had accepted it', () => {
    for (const accepted of [null, 4, 5]) expect(owed(5, accepted)).toEqual([1, 2, 3, 4]);
  });

  it('is nothing where a later one was accepted that this store knows nothing of', () => {
    expect(owed(8, 7)).toEqual([0, 0, 0, 0]);
  });

  it('[PF3] stays with its positions under a new mask, and is dropped where they are not exchanged any more', () => {
    const other = Mask.from(6, (p) => p % 2 === 1);
    const at = { round: 6, lastSubmission: 5 };
    expect([...owedAt(other, residual, at)]).toEqual([20, 40, 0]);
    expect([...owedAt(Mask.empty(6), residual, at)]).toEqual([]);
  });
});
