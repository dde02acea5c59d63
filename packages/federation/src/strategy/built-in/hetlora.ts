import { plainLora } from '../parts/plain-lora.ts';
import { spaceOfRank } from '../parts/rank-space.ts';
import type { Strategy } from '../strategy.ts';

/** HetLoRA (Cho et al. 2024, arXiv 2401.06432), without its pruning of ranks: a client's rank is its budget. */
export const hetlora: Strategy = {
  ...plainLora,
  name: 'hetlora',
  title: 'HetLoRA',
  description: 'Clients tune LoRAs of their own ranks, averaged with zeros in place of what a smaller one lacks.',
  averaging: 'hetlora',
  space: (lora) => spaceOfRank(lora.rank * lora.expansion, lora),
  mask: () => ({ kind: 'ranks' }),
};
