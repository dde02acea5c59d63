import { groupOf } from '../../experiments/results.ts';
import type { CellMasks } from '../../experiments/results-file.ts';
import { groupBy, mean } from '../../experiments/statistics.ts';
import { labelOf } from '../method.ts';

/** The masks of a strategy and setting, over its seeds. */
export interface MethodMasks {
  readonly label: string;
  readonly cells: readonly CellMasks[];
  /** Mean over clients and seeds. */
  readonly density: number;
}

/** Of the methods whose clients do not all own the same: the others have nothing to show. */
export function personalMasks(masks: readonly CellMasks[]): MethodMasks[] {
  const differ = ({ overlap }: CellMasks) => overlap.some((line) => line.some((value) => value < 1));
  return [...groupBy(masks, groupOf).values()]
    .filter((cells) => cells.some(differ))
    .map((cells) => ({
      label: labelOf(cells[0] as CellMasks),
      cells,
      density: mean(cells.flatMap(({ densities }) => densities)),
    }));
}
