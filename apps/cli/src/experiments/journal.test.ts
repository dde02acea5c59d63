import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CellResult, Journal } from './journal.ts';
import { runCells } from './run-cells.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'perfit-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const resultOf = (seed: number): CellResult => ({
  rows: [
    {
      experiment: 'e',
      strategy: 'fedit',
      setting: 'default',
      seed,
      client: 'a',
      round: 1,
      perplexity: { base: 3, received: 2, tuned: 1.1, after: 1.2 },
      validation: { received: 2, tuned: 1.5, after: 1.6 },
      trainable: 1,
      bytesUp: 0,
      bytesDown: 0,
      seconds: 0,
    },
  ],
  masks: {
    clients: ['a'],
    densities: [1],
    overlap: [[1]],
    density: [{ layer: 0, projection: 'q_proj', matrix: 'A', mean: 1, standardDeviation: null }],
  },
});
const cells = [1, 2, 3].map((seed) => ({ fingerprint: `cell ${seed}`, seed }));

describe('a run that is stopped', () => {
  const fileOf = () => join(folder, 'deeper', 'cells.jsonl');

  /** @returns the seeds that were run */
  async function run(stopAt: number | null): Promise<number[]> {
    const journal = Journal.open(fileOf());
    const ran: number[] = [];
    const missing = cells.filter(({ fingerprint }) => !journal.result(fingerprint));
    const worker = async ({ seed }: { seed: number }) => {
      if (seed === stopAt) throw new Error('stopped');
      ran.push(seed);
      return resultOf(seed);
    };
    await runCells(missing, journal, [worker]);
    return ran;
  }

  it('goes on behind the last cell that was finished', async () => {
    await expect(run(3)).rejects.toThrow('stopped');
    expect(await run(null)).toEqual([3]);
    expect(await run(null)).toEqual([]);
    const journal = Journal.open(fileOf());
    expect(cells.map(({ fingerprint }) => journal.result(fingerprint))).toEqual([1, 2, 3].map(resultOf));
  });

  it('runs the cell again that it was writing when it died', async () => {
    await run(3).catch(() => {});
    appendFileSync(fileOf(), '{"fingerprint":"cell 3","ro');
    expect(await run(null)).toEqual([3]);
    expect(readFileSync(fileOf(), 'utf8').trim().split('\n')).toHaveLength(3);
    expect(await run(null)).toEqual([]);
  });

  it('runs a cell again whose line is from before masks were kept', async () => {
    mkdirSync(dirname(fileOf()));
    const { rows } = resultOf(1);
    writeFileSync(fileOf(), `${JSON.stringify({ fingerprint: 'cell 1', rows })}\n`);
    expect(await run(null)).toEqual([1, 2, 3]);
  });

  it('takes no cell for one that it is not', async () => {
    await run(null);
    expect(Journal.open(fileOf()).result('cell 4')).toBe(null);
  });
});
