import { searching } from '../parts/searching.ts';
import type { Strategy } from '../strategy.ts';

/** PerFIT (Zhang et al. 2024, arXiv 2402.16919). */
export const perfit: Strategy = {
  ...searching((search) => search),
  name: 'perfit',
  title: 'PerFIT',
  description: 'Each client searches a personal mask on its own text, tunes what the mask keeps, and shares just that.',
};
