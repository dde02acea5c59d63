import { beforeAll, describe, expect, it } from 'vitest';
import { type ResultRow, summarize } from '../experiments/results.ts';
import type { Results } from '../experiments/results-file.ts';
import { renderReport } from './render-report.ts';

const EVIL = '<script>alert("1")</script>';

const rowsOf = (strategy: ResultRow['strategy'], setting: string, factor: number): ResultRow[] =>
  [1, 2].flatMap((seed) =>
    ['Ada', EVIL].flatMap((client) =>
      [1, 2].map((round) => ({
        experiment: EVIL,
        strategy,
        setting,
        seed,
        client,
        round,
        perplexity: {
          base: 100,
          received: (factor * 90) / round,
          tuned: (factor * (60 + seed)) / round,
          ...(round === 2 ? { after: factor * 40 } : {}),
        },
        trainable: 7,
        bytesUp: strategy === 'local' ? 0 : 1000,
        bytesDown: 0,
        seconds: 0.5,
      })),
    ),
  );

const cells = [...rowsOf('fedit', 'default', 1), ...rowsOf('perfit', EVIL, 0.9), ...rowsOf('local', 'default', 1.1)];
const results: Results = {
  cells,
  masks: [
    {
      experiment: EVIL,
      strategy: 'perfit',
      setting: EVIL,
      seed: 1,
      clients: ['Ada', EVIL],
      densities: [0.5, 0.5],
      overlap: [
        [1, 0.731],
        [0.731, 1],
      ],
      density: [{ layer: 0, projection: 'q_proj', matrix: 'A', mean: 0.42, standardDeviation: 0.1 }],
    },
  ],
  steps: [],
  setup: {
    name: EVIL,
    config: `name: ${EVIL}`,
    model: 'nano',
    backend: 'wasm',
    machine: 'a machine',
    date: '2026-11-22T10:11:12.000Z',
    clients: [{ name: EVIL, training: 3, heldOut: 4 }],
  },
};
const reportOf = (of: Results) => renderReport(of, summarize(of.cells));

describe('the report', () => {
  let page: string;
  beforeAll(async () => {
    page = await reportOf(results);
  }, 60_000);

  it('needs nothing but itself', () => {
    expect(page).not.toMatch(/https?:|\/\/[a-z]|url\(|@import|<link|<img|<script|<iframe|<use|xlink/i);
    expect(page).toContain("default-src 'none'");
    // The policy allows one style sheet by its hash: attributes would be ignored.
    expect(page).not.toMatch(/ style=/);
    expect(page).not.toMatch(/ on[a-z]+=/);
  });

  it('escapes whatever a person may have named', () => {
    expect(page).toContain('&lt;script&gt;');
    expect(page).not.toContain('<script');
    expect(page).not.toContain('NaN');
    expect(page).not.toContain('undefined');
  });

  it('has every plot, with a title and a sentence for those who cannot see it', () => {
    for (const title of [
      'Comparison',
      'Perplexity over rounds',
      'Gain by client',
      'Bytes and perplexity',
      'Overlap of masks',
      'Density by layer and module',
      'Time',
      'Setup',
    ]) {
      expect(page).toContain(`>${title}</h2>`);
    }
    const count = (pattern: RegExp) => page.match(pattern)?.length ?? 0;
    // Rounds of three methods, gains of two, bytes, overlap, density, time.
    expect(count(/<svg role="img"/g)).toBe(9);
    expect(count(/<title id=/g)).toBe(9);
    expect(count(/<desc id="[^"]+">[^<]{20,}<\/desc>/g)).toBe(9);
    expect(page).toContain('73.1');
    expect(page).toContain('2026-11-22 10:11 UTC');
    expect(page).toContain('Without a byte, and so not on the logarithmic axis: local.');
  });

  it('leaves out what an experiment does not have', async () => {
    const small = await reportOf({ cells: rowsOf('local', 'default', 1), masks: [], steps: [], setup: null });
    for (const title of ['Gain by client', 'Bytes and perplexity', 'Overlap of masks', 'Density by layer and module'])
      expect(small).not.toContain(`>${title}</h2>`);
    expect(small).toContain('>Perplexity over rounds</h2>');
    expect(small).toContain('did not keep how they were made');
  });

  it('says where the global adapter was not evaluated after the last round', async () => {
    const old = cells.map(({ perplexity: { after: _, ...perplexity }, ...row }) => ({ ...row, perplexity }));
    expect(await reportOf({ ...results, cells: old })).toContain('one round younger');
    expect(page).not.toContain('one round younger');
  });

  it('is the same whenever it is made', async () => {
    expect(await reportOf(results)).toBe(page);
  });
});
