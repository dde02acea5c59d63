import { searching } from '../parts/searching.ts';
import type { Strategy } from '../strategy.ts';

/** An ablation of PerFIT. A lot needs neither a warm-up nor several draws. */
export const randomMask: Strategy = {
  ...searching((search) => ({ ...search, score: 'random', warmupEpochs: 0, iterations: 1, batches: 1 })),
  name: 'random-mask',
  title: 'Random masks',
  description: 'As PerFIT, but each mask is drawn by lot: what the search itself is worth.',
};
