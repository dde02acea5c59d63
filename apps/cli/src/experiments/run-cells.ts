import type { Cell, Plan } from './experiment.ts';
import type { CellResult, Journal } from './journal.ts';
import type { Results } from './results-file.ts';

/** What runs one cell after the other: this process, or one that it has started. */
export type CellWorker<T> = (cell: T, index: number) => Promise<CellResult>;

/**
 * In order, as many at once as there are workers; what is finished is in the journal before its worker takes the next.
 * @throws the first error, when all workers are still
 */
export async function runCells<T extends Pick<Cell, 'fingerprint'>>(
  cells: readonly T[],
  journal: Journal,
  workers: readonly CellWorker<T>[],
): Promise<void> {
  let next = 0;
  let isFailed = false;
  const work = async (run: CellWorker<T>) => {
    while (next < cells.length && !isFailed) {
      const index = next++;
      const cell = cells[index] as T;
      try {
        journal.add(cell.fingerprint, await run(cell, index));
      } catch (error) {
        isFailed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(workers.map(work));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}

export function missingCells({ cells }: Pick<Plan, 'cells'>, journal: Journal): Cell[] {
  return cells.filter(({ fingerprint }) => !journal.result(fingerprint));
}

/** Of the cells that are finished, in the order of the plan. */
export function resultsOf({ config, cells }: Plan, journal: Journal): Pick<Results, 'cells' | 'masks' | 'steps'> {
  const finished = cells.flatMap(({ fingerprint, strategy: { name, setting }, seed }) => {
    const result = journal.result(fingerprint);
    return result ? [{ of: { experiment: config.name, strategy: name, setting, seed }, ...result }] : [];
  });
  return {
    cells: finished.flatMap(({ rows }) => rows),
    masks: finished.map(({ of, masks }) => ({ ...of, ...masks })),
    steps: finished.flatMap(({ of, steps }) => (steps ? [{ ...of, steps }] : [])),
  };
}
