import { groupOf, type ResultRow, type TableRow } from '../experiments/results.ts';

/** A strategy with a setting, and all that came out of it. */
export interface Method {
  readonly label: string;
  readonly row: TableRow;
  readonly cells: readonly ResultRow[];
}

export function methodsOf(cells: readonly ResultRow[], table: readonly TableRow[]): Method[] {
  return table.map((row) => ({
    label: labelOf(row),
    row,
    cells: cells.filter((cell) => groupOf(cell) === groupOf(row)),
  }));
}

export function labelOf({ strategy, setting }: Pick<ResultRow, 'strategy' | 'setting'>): string {
  return setting === 'default' ? strategy : `${strategy} (${setting})`;
}

export function clientsOf(methods: readonly Method[]): string[] {
  return [...new Set(methods.flatMap(({ cells }) => cells.map(({ client }) => client)))];
}

export function seedsOf(methods: readonly Method[]): number[] {
  return [...new Set(methods.flatMap(({ cells }) => cells.map(({ seed }) => seed)))];
}

/** What others are held against, where it was run. */
export function feditOf(methods: readonly Method[]): Method | null {
  const all = methods.filter(({ row }) => row.strategy === 'fedit');
  return all.find(({ row }) => row.setting === 'default') ?? all[0] ?? null;
}
