import { type Layout, Mask } from '@perfit/protocol/space';
import type { Trains } from './strategy.ts';

/** Every position of the A matrices, of the B matrices, or of both. */
export function positionsOf(layout: Layout, matrices: Trains): Mask {
  if (matrices === 'both') return Mask.full(layout.size);
  const values = new Uint8Array(layout.size);
  for (const { matrix, offset, size } of layout.tensors) if (matrix === matrices) values.fill(1, offset, offset + size);
  return Mask.from(layout.size, (p) => values[p] === 1);
}
