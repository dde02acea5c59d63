import { buildLayout, type ModelDimensions } from '@perfit/protocol/space';
import { plainLora } from '../parts/plain-lora.ts';
import { positionsOf } from '../parts/positions.ts';
import { thetaZero } from '../parts/shared-and-own.ts';
import type { Strategy } from '../strategy.ts';

/** FFA-LoRA (Sun et al. 2024, arXiv 2403.12313): A stays as the seed made it, so that the average of products is exact. */
export const ffa: Strategy = {
  ...plainLora,
  name: 'ffa',
  title: 'FFA-LoRA',
  description: 'A stays as the seed made it; every client tunes B, and all of B is averaged.',
  space: ({ rank, alpha, targets }, dimensions) => ({
    rank: rankOfEqualCount(rank, targets, dimensions),
    alpha,
    trains: 'B',
  }),
  mask: () => ({ kind: 'whole', positions: (layout) => positionsOf(layout, 'B') }),
  start: (from) => {
    const { owned, received } = from;
    return owned.unpack(owned.pack(received), thetaZero(from));
  },
};

/**
 * The rank at which B alone has about as many numbers as A and B have at `rank`: r·Σ(in + out) / Σ out, rounded.
 * It is 2r where the layers are square.
 */
function rankOfEqualCount(
  rank: number,
  targets: Parameters<Strategy['space']>[0]['targets'],
  dimensions: ModelDimensions,
): number {
  const unit = buildLayout(dimensions, { rank: 1, alpha: 1, targets });
  const outputs = unit.tensors.reduce((sum, tensor) => sum + (tensor.matrix === 'B' ? tensor.size : 0), 0);
  return Math.max(1, Math.round((rank * unit.size) / outputs));
}
