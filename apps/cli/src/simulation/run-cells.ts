import type { Cell, Plan } from './experiment.ts';
import type { Journal } from './journal.ts';
import type { ResultRow } from './results.ts';

/** In order; what is finished is in the journal before the next begins. */
export async function runCells<T extends Pick<Cell, 'fingerprint'>>(
  cells: readonly T[],
  journal: Journal,
  run: (cell: T, index: number) => Promise<readonly ResultRow[]>,
): Promise<void> {
  for (const [i, cell] of cells.entries()) journal.add(cell.fingerprint, await run(cell, i));
}

export function missingCells({ cells }: Pick<Plan, 'cells'>, journal: Journal): Cell[] {
  return cells.filter(({ fingerprint }) => !journal.rows(fingerprint));
}

/** Of the cells that are finished, in the order of the plan. */
export function resultsOf({ cells }: Pick<Plan, 'cells'>, journal: Journal): ResultRow[] {
  return cells.flatMap(({ fingerprint }) => [...(journal.rows(fingerprint) ?? [])]);
}
