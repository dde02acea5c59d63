import type { Cell, Plan } from './experiment.ts';
import type { CellResult, Journal } from './journal.ts';
import type { Results } from './results-file.ts';

/** In order; what is finished is in the journal before the next begins. */
export async function runCells<T extends Pick<Cell, 'fingerprint'>>(
  cells: readonly T[],
  journal: Journal,
  run: (cell: T, index: number) => Promise<CellResult>,
): Promise<void> {
  for (const [i, cell] of cells.entries()) journal.add(cell.fingerprint, await run(cell, i));
}

export function missingCells({ cells }: Pick<Plan, 'cells'>, journal: Journal): Cell[] {
  return cells.filter(({ fingerprint }) => !journal.result(fingerprint));
}

/** Of the cells that are finished, in the order of the plan. */
export function resultsOf({ config, cells }: Plan, journal: Journal): Pick<Results, 'cells' | 'masks'> {
  const finished = cells.flatMap(({ fingerprint, strategy: { name, setting }, seed }) => {
    const result = journal.result(fingerprint);
    return result ? [{ of: { experiment: config.name, strategy: name, setting, seed }, ...result }] : [];
  });
  return {
    cells: finished.flatMap(({ rows }) => rows),
    masks: finished.map(({ of, masks }) => ({ ...of, ...masks })),
  };
}
