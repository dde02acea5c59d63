import { plainLora } from '../parts/plain-lora.ts';
import type { Strategy } from '../strategy.ts';

/** FedProx (Li et al. 2020, arXiv 1812.06127) on plain LoRA; where the federation does not set μ, it is 0.01. */
export const fedprox: Strategy = {
  ...plainLora,
  name: 'fedprox',
  title: 'FedProx',
  description: 'As FedIT, but a proximal pull keeps every client near what it received.',
  tuning: ({ tuning }) => ({ ...tuning, proximal: tuning.proximal || 0.01 }),
};
