import { type Layout, Mask } from '@perfit/protocol/space';
import type { Trains } from '../strategy.ts';

/** Every position of the A matrices, of the B matrices, or of both. */
export function positionsOf(layout: Layout, matrices: Trains): Mask {
  if (matrices === 'both') return Mask.full(layout.size);
  const values = new Uint8Array(layout.size);
  for (const { matrix, offset, size } of layout.tensors) if (matrix === matrices) values.fill(1, offset, offset + size);
  return Mask.from(layout.size, (p) => values[p] === 1);
}

/** The ranks from `first` up to `end`, without it: rows of every A and columns of every B. */
export function ranksOf(layout: Layout, first: number, end: number): Mask {
  const values = new Uint8Array(layout.size);
  for (const { matrix, offset, rows, columns } of layout.tensors) {
    if (matrix === 'A') {
      values.fill(1, offset + first * columns, offset + end * columns);
      continue;
    }
    for (let row = 0; row < rows; row++) values.fill(1, offset + row * columns + first, offset + row * columns + end);
  }
  return Mask.from(layout.size, (p) => values[p] === 1);
}
