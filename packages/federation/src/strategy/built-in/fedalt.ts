import type { Layout, Mask } from '@perfit/protocol/space';
import { plainLora } from '../parts/plain-lora.ts';
import { ranksOf } from '../parts/positions.ts';
import { spaceOfRank } from '../parts/rank-space.ts';
import { thetaZero } from '../parts/shared-and-own.ts';
import type { RoundStart, Strategy } from '../strategy.ts';

/**
 * After FedALT (Bian et al. 2025, arXiv 2503.11880): what all clients learned is there, frozen, beside an adapter that stays
 * the client's own. The mean is of everybody, where the paper leaves the client itself out, and both always work with the
 * same weight, where the paper mixes them by the input.
 */
export const fedalt: Strategy = {
  ...plainLora,
  name: 'fedalt',
  title: 'FedALT',
  description: 'Every client tunes a LoRA of its own beside the frozen mean of everybody’s.',
  result: 'personal',
  // The first half of the ranks is the mean, the second half the client's own.
  space: (lora) => spaceOfRank(2 * lora.rank, lora),
  mask: () => ({ kind: 'whole', positions: ownRanks }),
  receive: () => 'owned',
  start: (from) => {
    const own = from.previous ?? thetaZero(from);
    const start = ownRanks(from.layout).apply(own);
    return withMean(start, from);
  },
};

function ownRanks(layout: Layout): Mask {
  return ranksOf(layout, layout.rank / 2, layout.rank);
}

/** What came at everybody's own ranks goes to the ranks of the mean. Before the first commit that is θ⁰, which does nothing. */
function withMean(start: Float32Array, { layout, received }: RoundStart): Float32Array {
  const half = layout.rank / 2;
  for (const { matrix, offset, rows, columns } of layout.tensors) {
    if (matrix === 'A') {
      start.set(received.subarray(offset + half * columns, offset + rows * columns), offset);
      continue;
    }
    for (let row = 0; row < rows; row++) {
      const at = offset + row * columns;
      start.set(received.subarray(at + half, at + columns), at);
    }
  }
  return start;
}
