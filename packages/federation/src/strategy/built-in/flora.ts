import { buildLayout } from '@perfit/protocol/space';
import { floraRanks, floraStackRank } from '../../aggregation/flora-space.ts';
import { modulesOf } from '../../aggregation/modules.ts';
import { plainLora } from '../parts/plain-lora.ts';
import { ranksOf } from '../parts/positions.ts';
import { spaceOfRank } from '../parts/rank-space.ts';
import type { Strategy } from '../strategy.ts';

/**
 * FLoRA (Wang et al. 2024, arXiv 2409.05976): every round a fresh LoRA, whose products add up exactly. The sum of all
 * rounds comes whole to every client, as a frozen part of the space; a stack of one round's modules would be smaller.
 */
export const flora: Strategy = {
  ...plainLora,
  name: 'flora',
  title: 'FLoRA',
  description: 'Every round all clients tune a fresh plain LoRA, and the sum of their products is kept exactly.',
  averaging: 'flora',
  space: (lora, dimensions) => {
    const modules = modulesOf(buildLayout(dimensions, { rank: 1, alpha: 1, targets: lora.targets }));
    return spaceOfRank(floraStackRank(modules) + lora.rank, lora);
  },
  mask: ({ config }) => ({
    kind: 'whole',
    positions: (layout) => {
      const { fresh } = floraRanks(layout, config.lora.rank);
      return ranksOf(layout, fresh.first, fresh.end);
    },
  }),
  receive: () => 'all',
};
