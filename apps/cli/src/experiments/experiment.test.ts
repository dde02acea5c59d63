import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { isLongForm } from '../../../../testing/form.ts';
import { type Cell, ExperimentRunner, type Plan, planExperiment } from './experiment.ts';
import type { MaskSummary } from './mask-summary.ts';
import { type ResultRow, summarize } from './results.ts';
import { readResults } from './results-file.ts';
import { parseSimulationConfig, readSimulationConfig } from './simulation-config.ts';

const experiments = fileURLToPath(new URL('../../../../experiments/', import.meta.url));
const committed = readResults(`${experiments}smoke.results.json`);
/** Machines differ in the last bits of their exponentials; what is wrong differs by more. */
const RELATIVE = 1e-3;

const withoutTime = (rows: readonly ResultRow[]) => rows.map(({ seconds: _, ...row }) => row);

describe('experiments/smoke.yaml', () => {
  let plan: Plan;
  let runner: ExperimentRunner;

  beforeAll(async () => {
    const config = readSimulationConfig(`${experiments}smoke.yaml`);
    plan = await planExperiment(config, 'wasm');
    runner = await ExperimentRunner.start(config, 'wasm');
    return () => runner.close();
  }, 60_000);

  const run = async (cell: Cell) => {
    let work = 0;
    const result = await runner.run(plan, cell, { onWork: (done) => (work += done) });
    return { ...result, work };
  };

  it('gives the committed numbers, and, in the long form, the same bits when it is run again', async () => {
    const rows: ResultRow[] = [];
    const masks: MaskSummary[] = [];
    for (const cell of plan.cells) {
      const ran = await run(cell);
      masks.push(ran.masks);
      // The estimate of what is left is as good as this.
      expect(ran.work / cell.work).toBeCloseTo(1, 5);
      rows.push(...ran.rows);
    }
    if (isLongForm) {
      const perfit = plan.cells.at(-1) as Cell;
      const again = await run(perfit);
      expect(withoutTime(again.rows)).toEqual(withoutTime(rows.filter(({ strategy }) => strategy === 'perfit')));
    }

    expect(rows.length).toBe(committed.cells.length);
    for (const [i, row] of rows.entries()) {
      const expected = committed.cells[i] as ResultRow;
      const { perplexity, seconds: _, ...exact } = row;
      expect(expected).toMatchObject(exact);
      expect(Object.keys(perplexity).sort()).toEqual(Object.keys(expected.perplexity).sort());
      for (const [of, value] of Object.entries(perplexity)) {
        const committedValue = expected.perplexity[of as keyof typeof perplexity] as number;
        expect(Math.abs(value / committedValue - 1)).toBeLessThan(RELATIVE);
      }
    }
    for (const [i, { clients, overlap }] of masks.entries()) {
      expect(clients).toEqual(committed.masks[i]?.clients);
      for (const [a, line] of overlap.entries()) {
        for (const [b, value] of line.entries()) expect(value).toBeCloseTo(committed.masks[i]?.overlap[a]?.[b] ?? 0, 2);
      }
    }
    // Both learn, at the same number of trained parameters.
    for (const { perplexity, trainable } of rows.filter(({ round }) => round === 2)) {
      expect(perplexity.tuned).toBeLessThan(perplexity.base);
      expect(trainable).toBe(rows[0]?.trainable);
    }
    expect(summarize(rows).map(({ strategy }) => strategy)).toEqual(['fedit', 'perfit']);
  }, 240_000);
});

describe('the plan of an experiment', () => {
  const text = readFileSync(`${experiments}smoke.yaml`, 'utf8');
  const planOf = (yaml: string) => planExperiment(parseSimulationConfig(`${experiments}changed.yaml`, yaml), 'wasm');

  it('[PF8] gives each client as many rows as it should, and holds none of them out that it trains on', async () => {
    const [cell] = (await planOf(text)).cells;
    expect(cell?.texts.map(({ name }) => name)).toEqual(['bakers-shop', 'bicycle-workshop', 'doctors-reception']);
    for (const { training, heldOut } of cell?.texts ?? []) {
      expect([training.length, heldOut.length]).toEqual([16, 8]);
      const rows = [...training, ...heldOut].map((row) => JSON.stringify(row));
      expect(new Set(rows).size).toBe(24);
    }
  });

  it('knows a cell by everything that its numbers follow from', async () => {
    const prints = async (yaml: string) => (await planOf(yaml)).cells.map(({ fingerprint }) => fingerprint);
    const before = await prints(text);
    expect(new Set(before).size).toBe(2);
    expect(await prints(text)).toEqual(before);
    // More seeds and strategies leave the cells that are there what they were.
    expect(
      await prints(text.replace('seeds: [1]', 'seeds: [1, 2]').replace('[fedit, perfit]', '[fedit, perfit, local]')),
    ).toEqual(expect.arrayContaining(before));
    const changes = [
      text.replace('learningRate: 0.005', 'learningRate: 0.006'),
      text.replace('heldOut: 8', 'heldOut: 9'),
      text.replace('seeds: [1]', 'seeds: [2]'),
      text.replace('bakers-shop', 'programming-club'),
      `${text}\nfaults: [{ client: bakers-shop, round: 1, kind: straggler }]\n`,
      `${text}\nbudgets: [0.1]\n`,
      text.replace('heldOut: 8', 'heldOut: 8\n  validation: 4'),
    ];
    for (const changed of changes) {
      for (const print of await prints(changed)) expect(before).not.toContain(print);
    }
  });

  it.each([
    ['train: 16', 'train: 1600', 'bakers-shop has 77 usable rows; data.train and data.heldOut ask for 1608'],
    ['samples/bakers-shop', 'samples/no-such', 'There is no file'],
    ['models/perfit-nano', 'models/no-such', 'model: there is no folder'],
  ])('says what the data lack: %s → %s', async (from, to, sentence) => {
    await expect(planOf(text.replace(from, to))).rejects.toThrow(sentence);
  });

  it('deals out a corpus, by the seed', async () => {
    const corpus = text
      .replace(
        /files:[\s\S]*train: 16/,
        'corpus: [../samples/bakers-shop.jsonl, ../samples/bicycle-workshop.jsonl]\n  train: 16',
      )
      .replace('heldOut: 8', 'heldOut: 8\n  partition: { by: iid, clients: 4 }')
      .replace('seeds: [1]', 'seeds: [1, 2]');
    const { cells } = await planOf(corpus);
    expect(cells[0]?.texts.map(({ name }) => name)).toEqual(['client-1', 'client-2', 'client-3', 'client-4']);
    expect(cells[0]?.texts).toEqual(cells[1]?.texts);
    expect(cells[0]?.texts).not.toEqual(cells[2]?.texts);
  });

  it('[PF2] knows each client’s budget: a list goes round, a map is by name', async () => {
    const budgetsOf = async (budgets: string) => (await planOf(`${text}\nbudgets: ${budgets}\n`)).cells[0]?.budgets;
    expect(await budgetsOf('[0.1, 0.3]')).toEqual({
      'bakers-shop': 0.1,
      'bicycle-workshop': 0.3,
      'doctors-reception': 0.1,
    });
    expect(await budgetsOf('{ doctors-reception: 0.2 }')).toEqual({ 'doctors-reception': 0.2 });
    await expect(budgetsOf('{ Bo: 0.2 }')).rejects.toThrow('budgets: there is no client "Bo"; there are bakers-shop,');
  });

  it('says which clients there are where a fault names another', async () => {
    await expect(planOf(`${text}\nfaults: [{ client: Bo, round: 1, kind: dropout }]\n`)).rejects.toThrow(
      'faults.0.client: there is no client "Bo"; there are bakers-shop,',
    );
  });
});
