import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { renderConvergence, renderCsv, renderJson, renderTable } from './render-results.ts';
import { outcomesOf, type ResultRow, summarize } from './results.ts';
import { type Results, readResults } from './results-file.ts';

/** Tuned perplexities by strategy, then seed, then client, then round. */
type Figures = Record<string, Record<number, Record<string, readonly number[]>>>;

/** What is received is twice what is tuned, and what is left after the last round four times. */
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
          perplexity: {
            base: 100,
            received: 2 * tuned,
            tuned,
            ...(i === rounds.length - 1 ? { after: 4 * tuned } : {}),
          },
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
const rows = rowsOf(figures);
const results: Results = {
  cells: rows,
  masks: [
    {
      experiment: 'a "test", small',
      strategy: 'perfit',
      setting: 'default',
      seed: 1,
      clients: ['a', 'b'],
      densities: [0.5, 0.5],
      overlap: [
        [1, 0.5],
        [0.5, 1],
      ],
      density: [{ layer: 0, projection: 'q_proj', matrix: 'A', mean: 0.5, standardDeviation: 0.1 }],
    },
  ],
  steps: [],
  setup: {
    name: 'a "test", small',
    config: 'name: x # <b>\n',
    model: 'nano',
    backend: 'wasm',
    machine: 'a machine',
    date: '2026-11-22T00:00:00.000Z',
    clients: [{ name: 'a', training: 3, heldOut: 4 }],
  },
};

describe('the summary', () => {
  const table = summarize(rows);

  it('judges a method by what it leaves its clients with, over clients and seeds', () => {
    // A global model after the last round: 4 · 35; deviations 4 · (-15, 5, -5, 15), s² = 16 · 500 / 3, s/√4 = 25.82.
    expect(table[0]).toMatchObject({ result: 'global', perplexity: { mean: 140 }, tuned: { mean: 35 } });
    expect(table[0]?.perplexity.standardError).toBeCloseTo(25.82, 2);
    expect(table[1]).toMatchObject({ result: 'personal', perplexity: { mean: 17.5 }, received: { mean: 35 } });
    expect(table[1]).toMatchObject({ trainable: 7, bytesUp: 20, bytesDown: 10, seconds: 1, stoppedAt: null });
  });

  it('compares with what FedIT publishes and with what its clients tune, client by client and seed by seed', () => {
    expect(table[0]?.againstFedit).toEqual({ ratio: 1, low: 1, high: 1 });
    expect(table[0]?.comparisons.feditTuned?.ratio).toBeCloseTo(4, 12);
    // Every pair says one eighth: there is no doubt about it, however different the clients are.
    for (const value of Object.values(table[1]?.againstFedit ?? {})) expect(value).toBeCloseTo(1 / 8, 12);
    expect(table[1]?.comparisons.feditTuned).toMatchObject({ pairs: 4, clients: 2 });
    expect(table[1]?.comparisons.feditTuned?.ratio).toBeCloseTo(1 / 2, 12);
    expect(table[1]?.comparisons.feditThenLocal).toBe(null);
  });

  it('has the geometric mean of ratios where pairs disagree', () => {
    const one = summarize(
      rowsOf({ ...figures, perfit: { 1: { a: [1, 10], b: [1, 40] }, 2: { a: [1, 45], b: [1, 25] } } }),
    )[1]?.comparisons.feditTuned;
    expect(one?.ratio).toBeCloseTo((0.5 * 1 * 1.5 * 0.5) ** (1 / 4), 12);
    expect(one?.low).toBeLessThan(one?.ratio ?? 0);
    expect(one?.high).toBeGreaterThan(one?.ratio ?? 0);
    expect(one?.low).toBeGreaterThanOrEqual(0.5 - 1e-12);
    expect(one?.high).toBeLessThanOrEqual(1.5 + 1e-12);
  });

  it('takes the reference of the same setting, or the default one', () => {
    const other = (setting: string, factor: number) =>
      rows.map((row) => ({ ...row, setting, perplexity: times(row.perplexity, factor) }));
    const ratios = (all: readonly ResultRow[]) => summarize(all).map(({ againstFedit }) => againstFedit?.ratio);
    const perfitOnly = other('big', 3).filter(({ strategy }) => strategy === 'perfit');
    expect(ratios([...rows, ...perfitOnly])[2]).toBeCloseTo(3 / 8, 12);
    expect(ratios([...rows, ...other('big', 3)])[3]).toBeCloseTo(1 / 8, 12);
  });

  it('says nothing of FedIT where it was not run, and nothing of errors where there is one figure', () => {
    expect(summarize(rowsOf({ local: { 1: { a: [3] } } }))).toMatchObject([
      { againstFedit: null, perplexity: { mean: 3, standardError: null } },
    ]);
  });
});

const times = ({ base, received, tuned, after }: ResultRow['perplexity'], factor: number): ResultRow['perplexity'] => ({
  base,
  received: factor * received,
  tuned: factor * tuned,
  after: after === undefined ? undefined : factor * after,
});

describe('whether a method converges', () => {
  it('is told round by round: how far its commits move, and what everybody receives', () => {
    const of = { experiment: 'e', strategy: 'fedit', setting: 'default' };
    const steps = [
      { ...of, seed: 1, steps: [2, 1] },
      { ...of, seed: 2, steps: [4, 0.5] },
    ];
    const [, , line] = renderConvergence({ cells: rows, steps }).split('\n');
    // Received are twice what is tuned: of 30, 50, 30, 50, and of 20, 40, 30, 50.
    const geometric = (values: number[]) => Math.exp(values.reduce((sum, x) => sum + Math.log(x), 0) / values.length);
    const [first, second] = [geometric([60, 100, 60, 100]), geometric([40, 80, 60, 100])].map((x) => x.toFixed(1));
    expect(line).toMatch(new RegExp(`\\| fedit +\\| default \\| 3\\.00 0\\.750 +\\| ${first} ${second} +\\|`));
    expect(renderConvergence({ cells: rows, steps: [] })).toBe('');
  });
});

describe('what is kept', () => {
  const conclusion = (kept: number, alone: number | null): NonNullable<ResultRow['conclusion']> => ({
    round: 2,
    of: 'mix',
    perplexity: { together: kept, alone, kept },
    joining: null,
  });
  const kept = (figures: Figures, of: (client: string, seed: number) => NonNullable<ResultRow['conclusion']>) =>
    rowsOf(figures).map((row, i, all) => {
      const isLast = all[i + 1]?.client !== row.client || all[i + 1]?.strategy !== row.strategy;
      return isLast ? { ...row, conclusion: of(row.client, row.seed) } : row;
    });
  const two = { 1: { a: [30, 20], b: [50, 40] } };

  it('is what the client chose, held against tuning alone, fine-tuning, and what FedIT sends', () => {
    const rows = [
      ...kept({ local: two }, (client) => conclusion(client === 'a' ? 10 : 20, null)),
      ...kept({ fedit: two }, () => conclusion(40, null)),
      ...kept({ 'fedit+ft': two }, () => conclusion(30, null)),
      ...kept({ perfit: two }, () => conclusion(15, null)),
    ];
    const [local, fedit, ft, perfit] = summarize(rows);
    expect(perfit?.kept.mean).toBe(15);
    expect(perfit?.againstAlone?.ratio).toBeCloseTo(Math.sqrt(1.5 * 0.75), 12);
    expect(perfit?.worseOff).toBe(0.5);
    expect(perfit?.againstFeditFt?.ratio).toBeCloseTo(0.5, 12);
    // FedIT's is what it leaves after its last round: 80 and 160.
    expect(perfit?.againstFeditReceived?.ratio).toBeCloseTo(15 / Math.sqrt(80 * 160), 12);
    expect(local).toMatchObject({ againstAlone: null, worseOff: 0 });
    expect(fedit?.worseOff).toBe(1);
    expect(ft?.againstFeditFt).toBe(null);
  });

  it('is held against the twins where nobody else tuned alone', () => {
    const [perfit] = summarize(kept({ perfit: two }, (client) => conclusion(10, client === 'a' ? 20 : 5)));
    expect(perfit?.againstAlone?.ratio).toBeCloseTo(1, 12);
    expect(perfit?.worseOff).toBe(0.5);
  });

  it('says what cannot be significant, however large the difference', () => {
    const text = renderTable(
      summarize([
        ...kept({ local: two }, () => conclusion(9, null)),
        ...kept({ perfit: two }, () => conclusion(1, null)),
      ]),
    );
    expect(text).toContain('Nothing here can be significant: with 2 clients p (Holm) is at least 0.500');
  });
});

describe('the round at which a client stops', () => {
  const base: Omit<ResultRow, 'round' | 'perplexity'> = {
    experiment: 'e',
    strategy: 'perfit',
    setting: 'default',
    seed: 1,
    client: 'a',
    trainable: 1,
    bytesUp: 0,
    bytesDown: 0,
    seconds: 0,
  };
  // Held out, a client would choose otherwise: by what it is judged by, it may not choose.
  const own: ResultRow[] = [
    { round: 1, perplexity: { base: 9, received: 9, tuned: 5 }, validation: { received: 1, tuned: 6 } },
    { round: 2, perplexity: { base: 9, received: 8, tuned: 6 }, validation: { received: 5, tuned: 3 } },
    {
      round: 3,
      perplexity: { base: 9, received: 7, tuned: 4, after: 3 },
      validation: { received: 2, tuned: 4, after: 3 },
    },
  ].map((row) => ({ ...base, ...row }));
  const outcome = (result: 'global' | 'personal', of: readonly ResultRow[]) => outcomesOf(of, result)[0];

  it('is the one that validation rows find best, of what a client met or of the global models', () => {
    const [first, second, third] = own as [ResultRow, ResultRow, ResultRow];
    expect(outcome('personal', [first, second])).toMatchObject({ round: 2, perplexity: 6 });
    // What came from the others may be better than what the client makes of it.
    expect(outcome('personal', own)).toMatchObject({ round: 2, perplexity: 7 });
    // θ⁰ as the first round receives it is no result, however good; what round 3 receives is made in round 2.
    expect(outcome('global', own)).toMatchObject({ round: 2, perplexity: 7 });
    const last = { ...third, validation: { received: 2, tuned: 4, after: 1 } };
    expect(outcome('global', [first, second, last])).toMatchObject({ round: 3, perplexity: 3 });
    expect(summarize(own)[0]).toMatchObject({ stoppedAt: 2, perplexity: { mean: 7 }, tuned: { mean: 4 } });
  });

  it('is the last one without validation rows', () => {
    const plain = own.map(({ validation: _, ...row }) => row);
    expect(outcome('personal', plain)).toMatchObject({ round: 3, perplexity: 4 });
    expect(outcome('global', plain)).toMatchObject({ round: 3, perplexity: 3 });
  });

  it('is the one before the last for a global model that nobody evaluated at the end', () => {
    const old = own.map(({ validation: _, perplexity: { after: __, ...perplexity }, ...row }) => ({
      ...row,
      perplexity,
    }));
    expect(outcome('global', old)).toMatchObject({ round: 2, perplexity: 7 });
    expect(outcome('global', old.slice(0, 1))).toMatchObject({ round: 0, perplexity: 9 });
  });
});

describe('what is written', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'perfit-results-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const table = summarize(rows);

  it('is a results.json that can be read again', () => {
    const text = renderJson(results, table);
    const json = JSON.parse(text);
    expect(Object.keys(json)).toEqual(['cells', 'summary', 'masks', 'setup']);
    expect(Object.keys(json.summary[0])).toEqual([
      ...['experiment', 'strategy', 'setting', 'perplexity', 'againstFedit'],
      ...['kept', 'againstAlone', 'againstFeditFt', 'againstFeditReceived', 'worseOff'],
    ]);
    expect(Object.keys(json.summary[1].againstFedit)).toEqual(['ratio', 'low', 'high']);
    writeFileSync(join(folder, 'results.json'), text);
    expect(readResults(folder)).toEqual(results);
    expect(readResults(join(folder, 'results.json'))).toEqual(results);
  });

  it('is read without masks and setup too, as older versions wrote it', () => {
    const old = join(folder, 'old.json');
    writeFileSync(old, renderJson({ cells: rows, masks: [], steps: [], setup: null }, table));
    expect(Object.keys(JSON.parse(renderJson({ cells: rows, masks: [], steps: [], setup: null }, table)))).toHaveLength(
      2,
    );
    expect(readResults(old)).toEqual({ cells: rows, masks: [], steps: [], setup: null });
  });

  it.each([
    ['{', 'is no JSON'],
    ['{"cells":[]}', 'cells: '],
    [JSON.stringify({ cells: [{ ...rows[0], strategy: 'Tele pathy' }] }), 'cells.0.strategy: '],
  ])('is refused with a sentence where it is something else: %s', (text, sentence) => {
    writeFileSync(join(folder, 'results.json'), text);
    expect(() => readResults(folder)).toThrow(sentence);
    expect(() => readResults(join(folder, 'nothing'))).toThrow('There is no file');
  });

  it('is a CSV file', () => {
    const [header, first, second] = renderCsv(results).split('\n');
    expect(header?.split(',')).toHaveLength(21);
    expect(first).toBe('"a ""test"", small",fedit,default,1,a,1,100,60,30,,,,,,,,,7,10,5,0.5');
    expect(second).toBe('"a ""test"", small",fedit,default,1,a,2,100,40,20,80,,,,,,,,7,10,5,0.5');
  });

  it('is two tables, and a word on what they cannot show', () => {
    const [first, second, caution] = renderTable(table).trim().split('\n\n');
    for (const text of [first, second]) {
      const lines = text?.split('\n') ?? [];
      expect(lines).toHaveLength(4);
      expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    }
    expect(first?.split('\n')[3]).toContain('17.50 ± 3.23');
    expect(first?.split('\n')[3]).toContain('0.125 [0.125, 0.125] 0.125');
    // Nothing is known of tuning alone, nor of fine-tuning; FedIT's received model is.
    expect(second?.split('\n')[3]).toMatch(/\| perfit .*\| 17\.50 ± 3\.23 \| +- \| +- \| +- \| +0\.125 \[/);
    expect(caution).toBe(undefined);
  });
});
