import { describe, expect, it } from 'vitest';
import { compare, estimate, holmAdjusted, signFlipTest, smallestP } from './statistics.ts';

describe('the sign-flip test', () => {
  it('is exact for few pairs', () => {
    // ±1 ±2 ±3 has the sums ±6, ±4, ±2, 0, 0: two of eight are as far from zero as 6, four as 4, six as 2, all as 0.
    expect(signFlipTest([1, 2, 3])).toBe(2 / 8);
    expect(signFlipTest([-1, 2, 3])).toBe(4 / 8);
    expect(signFlipTest([1, -2, 3])).toBe(6 / 8);
    expect(signFlipTest([1, 2, -3])).toBe(1);
    expect(signFlipTest([0, 0])).toBe(1);
  });

  it('is drawn by lot for many, and says the same', () => {
    const mixed = Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? -1 : 1));
    // The sum is 10: of 30 tosses, at least 20 or at most 10 come up heads. Binomial: 0.0987.
    expect(signFlipTest(mixed)).toBeCloseTo(0.0987, 2);
    expect(signFlipTest(mixed)).toBe(signFlipTest(mixed));
    expect(signFlipTest(mixed.map(() => 1))).toBe(1 / 10_000);
  });
});

describe('a comparison', () => {
  const seeds = (client: string, ...logs: number[]) => logs.map((log) => ({ client, log }));

  it('resamples clients with all their seeds, from four clients up', () => {
    // Seeds agree within a client: twelve pairs say no more than four clients do.
    const pairs = [0.3, -0.1, 0.2, -0.2].flatMap((log, i) => seeds(`c${i}`, log, log, log));
    const clustered = compare(pairs);
    const unrelated = compare(pairs.map(({ log }, i) => ({ client: `c${i}`, log })));
    expect(clustered).toMatchObject({ pairs: 12, clients: 4 });
    expect(unrelated?.ratio).toBe(clustered?.ratio);
    const width = (one: typeof clustered) => Math.log((one?.high ?? 0) / (one?.low ?? 0));
    expect(width(clustered)).toBeGreaterThan(1.5 * width(unrelated));
    expect(clustered?.pByClient).toBe(signFlipTest([0.3, -0.1, 0.2, -0.2]));
    expect(clustered?.p).toBeLessThan(clustered?.pByClient ?? 0);
  });

  it('resamples pairs where clients are few', () => {
    const comparison = compare([...seeds('a', 0.1, 0.2), ...seeds('b', -0.3, 0.4)]);
    // By clients, of which one has the mean 0.15 and the other 0.05, no resample could be below 1.05.
    expect(comparison?.low).toBeLessThan(1);
    expect(comparison?.ratio).toBeCloseTo(Math.exp(0.1), 12);
  });

  it('is none without pairs', () => {
    expect(compare([])).toBe(null);
  });
});

describe('an estimate', () => {
  it('has the standard error of its mean', () => {
    // Mean 35; deviations -15, 5, -5, 15: s² = 500 / 3, s/√4 = 6.4550.
    const { mean, standardError } = estimate([20, 40, 30, 50]);
    expect(mean).toBe(35);
    expect(standardError).toBeCloseTo(6.455, 3);
  });
});

describe('several questions at once', () => {
  it('adjusts by Holm: the smallest p counts for all, and none falls below one before it', () => {
    const adjusted = holmAdjusted([0.01, 0.04, 0.03, 0.005]);
    const expected = [0.03, 0.06, 0.06, 0.02];
    adjusted.forEach((p, i) => {
      expect(p).toBeCloseTo(expected[i] as number, 12);
    });
    expect(holmAdjusted([0.6, 0.9])).toEqual([1, 1]);
    expect(holmAdjusted([])).toEqual([]);
  });

  it('knows the smallest p that so many clients can give', () => {
    expect(smallestP(4)).toBe(signFlipTest([1, 1, 1, 1]));
    expect(smallestP(8)).toBe(signFlipTest(new Array(8).fill(1)));
    expect(smallestP(40)).toBe(signFlipTest(new Array(40).fill(1)));
  });
});
