import { plainLora } from '../parts/plain-lora.ts';
import type { Strategy } from '../strategy.ts';

/** FedIT (Zhang et al. 2023, arXiv 2305.05644): plain LoRA, averaged whole. */
export const fedit: Strategy = {
  ...plainLora,
  name: 'fedit',
  title: 'FedIT',
  description: 'Every client tunes the same plain LoRA, and all of it is averaged.',
};
