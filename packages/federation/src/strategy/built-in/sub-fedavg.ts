import { searching } from '../parts/searching.ts';
import type { Strategy } from '../strategy.ts';

/** Sub-FedAvg (Vahidian et al. 2021, arXiv 2105.00562) over PerFIT's space. */
export const subFedAvg: Strategy = {
  ...searching((search) => ({ ...search, score: 'magnitude' })),
  name: 'sub-fedavg',
  title: 'Sub-FedAvg',
  description: 'As PerFIT, but each mask keeps the largest numbers after a warm-up (Vahidian et al. 2021).',
};
