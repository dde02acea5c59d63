import { describe, expect, it } from 'vitest';
import { renderCsv, renderJson, renderTable } from './render-results.ts';
import { type ResultRow, summarize } from './results.ts';

/** Tuned perplexities by strategy, then seed, then client, then round. */
type Figures = Record<string, Record<number, Record<string, readonly number[]>>>;

const rowsOf = (figures: Figures): ResultRow[] =>
  Object.entries(figures).flatMap(([strategy, seeds]) =>
    Object.entries(seeds).flatMap(([seed, clients]) =>
      Object.entries(clients).flatMap(([client, rounds]) =>
        rounds.map((tuned, i) => ({
          experiment: 'a "test", small',
          strategy,
          setting: 'default',
          seed: Number(seed),
          client,
          round: i + 1,
          perplexity: { base: 100, received: 2 * tuned, tuned },
          trainable: 7,
          bytesUp: 10,
          bytesDown: 5,
          seconds: 0.5,
        })),
      ),
    ),
  );

const figures: Figures = {
  fedit: { 1: { a: [30, 20], b: [50, 40] }, 2: { a: [30, 30], b: [50, 50] } },
  // Half of it for each client and seed in the last round; best in the first.
  perfit: { 1: { a: [5, 10], b: [5, 20] }, 2: { a: [5, 15], b: [5, 25] } },
};

describe('the summary', () => {
  const rows = rowsOf(figures);
  const table = summarize(rows);

  it('has the mean of the last round over clients and seeds, with its standard error', () => {
    // Mean 35; deviations -15, 5, -5, 15: s² = 500 / 3, s/√4 = 6.4550.
    expect(table[0]?.perplexity.mean).toBe(35);
    expect(table[0]?.perplexity.standardError).toBeCloseTo(6.455, 3);
    expect(table[1]).toMatchObject({ perplexity: { mean: 17.5 }, best: { mean: 5, round: 1 }, received: { mean: 35 } });
    expect(table[1]).toMatchObject({ trainable: 7, bytesUp: 20, bytesDown: 10, seconds: 1 });
  });

  it('compares with FedIT client by client and seed by seed', () => {
    expect(table[0]?.againstFedit).toEqual({ ratio: 1, low: 1, high: 1 });
    // Every pair says one half: there is no doubt about it, however different the clients are.
    for (const value of Object.values(table[1]?.againstFedit ?? {})) expect(value).toBeCloseTo(0.5, 12);
  });

  it('has an interval around the ratio where pairs disagree, the same whenever it is computed', () => {
    const [, one] = summarize(
      rowsOf({ ...figures, perfit: { 1: { a: [1, 10], b: [1, 40] }, 2: { a: [1, 45], b: [1, 25] } } }),
    );
    const { ratio, low, high } = one?.againstFedit ?? { ratio: 0, low: 0, high: 0 };
    expect(ratio).toBeCloseTo((0.5 * 1 * 1.5 * 0.5) ** (1 / 4), 12);
    expect(low).toBeLessThan(ratio);
    expect(high).toBeGreaterThan(ratio);
    expect(low).toBeGreaterThanOrEqual(0.5 - 1e-12);
    expect(high).toBeLessThanOrEqual(1.5 + 1e-12);
  });

  it('says nothing of FedIT where it was not run, and nothing of errors where there is one figure', () => {
    expect(summarize(rowsOf({ local: { 1: { a: [3] } } }))).toMatchObject([
      { againstFedit: null, perplexity: { mean: 3, standardError: null } },
    ]);
  });

  it('is written as results.json, as CSV and as a table', () => {
    const json = JSON.parse(renderJson(rows, table));
    expect(json.cells).toEqual(rows);
    expect(Object.keys(json.summary[0])).toEqual(['experiment', 'strategy', 'setting', 'perplexity', 'againstFedit']);
    const [header, first] = renderCsv(rows).split('\n');
    expect(header?.split(',')).toHaveLength(13);
    expect(first).toBe('"a ""test"", small",fedit,default,1,a,1,100,60,30,7,10,5,0.5');
    const lines = renderTable(table).trim().split('\n');
    expect(lines).toHaveLength(4);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines[3]).toContain('17.50 ± 3.23');
  });
});
