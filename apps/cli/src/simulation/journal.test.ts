import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from './journal.ts';
import type { ResultRow } from './results.ts';
import { runCells } from './run-cells.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'perfit-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const rowsOf = (seed: number): ResultRow[] => [
  {
    experiment: 'e',
    strategy: 'fedit',
    setting: 'default',
    seed,
    client: 'a',
    round: 1,
    perplexity: { base: 3, received: 2, tuned: 1.1 },
    trainable: 1,
    bytesUp: 0,
    bytesDown: 0,
    seconds: 0,
  },
];
const cells = [1, 2, 3].map((seed) => ({ fingerprint: `cell ${seed}`, seed }));

describe('a run that is stopped', () => {
  const fileOf = () => join(folder, 'deeper', 'cells.jsonl');

  /** @returns the seeds that were run */
  async function run(stopAt: number | null): Promise<number[]> {
    const journal = Journal.open(fileOf());
    const ran: number[] = [];
    const missing = cells.filter(({ fingerprint }) => !journal.rows(fingerprint));
    await runCells(missing, journal, async ({ seed }) => {
      if (seed === stopAt) throw new Error('stopped');
      ran.push(seed);
      return rowsOf(seed);
    });
    return ran;
  }

  it('goes on behind the last cell that was finished', async () => {
    await expect(run(3)).rejects.toThrow('stopped');
    expect(await run(null)).toEqual([3]);
    expect(await run(null)).toEqual([]);
    expect(cells.map(({ fingerprint }) => Journal.open(fileOf()).rows(fingerprint))).toEqual([1, 2, 3].map(rowsOf));
  });

  it('runs the cell again that it was writing when it died', async () => {
    await run(3).catch(() => {});
    appendFileSync(fileOf(), '{"fingerprint":"cell 3","ro');
    expect(await run(null)).toEqual([3]);
    expect(readFileSync(fileOf(), 'utf8').trim().split('\n')).toHaveLength(3);
    expect(await run(null)).toEqual([]);
  });

  it('takes no cell for one that it is not', async () => {
    await run(null);
    expect(Journal.open(fileOf()).rows('cell 4')).toBe(null);
  });
});
