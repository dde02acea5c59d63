import { seededRandom } from '@perfit/protocol/space';
import { describe, expect, it } from 'vitest';
import { compareRows, verdictOf } from './compare-rows.ts';

/** Rows whose losses a token lie around a mean, and the same rows with a change. */
function rows(count: number, change: (row: number) => number, seed = 1) {
  const random = seededRandom(seed);
  const other = Array.from({ length: count }, () => {
    const tokens = 5 + Math.floor(20 * random());
    return { tokens, nats: tokens * (3 + random()) };
  });
  return { one: other.map(({ tokens, nats }, row) => ({ tokens, nats: nats + tokens * change(row) })), other };
}

describe('two adapters on the same rows', () => {
  it('gives the ratio of their perplexities, which weighs rows by their tokens', () => {
    const one = [
      { nats: 10, tokens: 5 },
      { nats: 4, tokens: 1 },
    ];
    const other = [
      { nats: 5, tokens: 5 },
      { nats: 5, tokens: 1 },
    ];
    const perplexity = (of: typeof one) =>
      Math.exp(of.reduce((sum, row) => sum + row.nats, 0) / of.reduce((sum, row) => sum + row.tokens, 0));
    expect(compareRows(one, other)?.ratio).toBeCloseTo(perplexity(one) / perplexity(other), 12);
  });

  it('has an interval around the ratio that is narrower with more rows', () => {
    const noise = seededRandom(3);
    const change = () => -0.1 + 0.4 * (noise() - 0.5);
    const [few, many] = [10, 160].map((count) => {
      const { one, other } = rows(count, change);
      return compareRows(one, other);
    });
    for (const it of [few, many]) {
      expect(it?.low).toBeLessThan(it?.ratio as number);
      expect(it?.high).toBeGreaterThan(it?.ratio as number);
    }
    const width = (of: typeof few) => (of?.high as number) - (of?.low as number);
    expect(width(many)).toBeLessThan(width(few) / 2);
  });

  it('leaves rows without a token out, and has nothing to say without any', () => {
    const empty = { nats: 0, tokens: 0 };
    expect(compareRows([empty, { nats: 2, tokens: 1 }], [empty, { nats: 1, tokens: 1 }])).toMatchObject({ rows: 1 });
    expect(compareRows([empty], [empty])).toBe(null);
  });

  it('refuses to compare other rows', () => {
    expect(() => compareRows([{ nats: 1, tokens: 1 }], [{ nats: 1, tokens: 2 }])).toThrow(RangeError);
    expect(() => compareRows([{ nats: 1, tokens: 1 }], [])).toThrow(RangeError);
  });
});

describe('what joining was worth', () => {
  const noise = seededRandom(5);
  const verdict = (count: number, by: number, spread: number) => {
    const { one, other } = rows(count, () => by + spread * (noise() - 0.5));
    return verdictOf(compareRows(one, other));
  };

  it('helped where the whole interval is better', () => {
    expect(verdict(24, -0.2, 0.2)).toBe('helped');
  });

  it('did not help where it is worse, or so near that nobody would notice', () => {
    expect(verdict(24, 0.2, 0.2)).toBe('did-not-help');
    expect(verdict(200, 0, 0.02)).toBe('did-not-help');
  });

  it('cannot tell where the rows disagree, where they are few, and where there is no twin', () => {
    expect(verdict(24, -0.02, 0.8)).toBe('cannot-tell');
    expect(verdict(7, -0.3, 0.01)).toBe('cannot-tell');
    expect(verdictOf(null)).toBe('cannot-tell');
  });
});
