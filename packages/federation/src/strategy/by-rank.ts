import { buildLayout } from '@perfit/protocol/space';
import { floraRanks, floraStackRank } from '../aggregation/flora-space.ts';
import { modulesOf } from '../aggregation/modules.ts';
import { ranksOf } from './positions.ts';
import type { Strategy, StrategySpace } from './strategy.ts';
import { fedit, sharedAndOwn } from './whole.ts';

// Methods that divide the space by ranks. Their scale is α/r as FedIT's, whatever rank the space has.

function spaceOfRank(rank: number, lora: { rank: number; alpha: number }): StrategySpace {
  return { rank, alpha: (lora.alpha * rank) / lora.rank, trains: 'both' };
}

/** HetLoRA (Cho et al. 2024, arXiv 2401.06432), without its pruning of ranks: a client's rank is its budget. */
export const hetlora: Strategy = {
  ...fedit,
  name: 'hetlora',
  title: 'HetLoRA',
  description: 'Clients tune LoRAs of their own ranks, averaged with zeros in place of what a smaller one lacks.',
  averaging: 'hetlora',
  space: (lora) => spaceOfRank(lora.rank * lora.expansion, lora),
  mask: () => ({ kind: 'ranks' }),
};

/** FlexLoRA (Bai et al. 2024, arXiv 2402.11505). */
export const flexlora: Strategy = {
  ...hetlora,
  name: 'flexlora',
  title: 'FlexLoRA',
  description: 'Clients tune LoRAs of their own ranks; their products are averaged and cut to rank by singular values.',
  averaging: 'flexlora',
};

/**
 * FLoRA (Wang et al. 2024, arXiv 2409.05976): every round a fresh LoRA, whose products add up exactly. The sum of all
 * rounds comes whole to every client, as a frozen part of the space; a stack of one round's modules would be smaller.
 */
export const flora: Strategy = {
  ...fedit,
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

/**
 * FedDPA (Yang et al. 2024, arXiv 2403.19211): half of the ranks are a global adapter, half a personal one. Both are
 * tuned at once and both always work, with the same weight; the paper's weighing by the input's likeness is not done.
 */
export const feddpa: Strategy = {
  ...fedit,
  name: 'feddpa',
  title: 'FedDPA',
  description: 'Half of the ranks are one adapter for everybody, the other half a personal one that is never shared.',
  result: 'personal',
  exchanged: (layout) => globalHalf(layout),
  start: (from) => sharedAndOwn(from, globalHalf(from.layout)),
};

function globalHalf(layout: Parameters<Strategy['exchanged']>[0]) {
  return ranksOf(layout, 0, Math.ceil(layout.rank / 2));
}
