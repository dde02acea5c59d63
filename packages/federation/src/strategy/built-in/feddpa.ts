import type { Layout } from '@perfit/protocol/space';
import { plainLora } from '../parts/plain-lora.ts';
import { ranksOf } from '../parts/positions.ts';
import { sharedAndOwn } from '../parts/shared-and-own.ts';
import type { Strategy } from '../strategy.ts';

/**
 * FedDPA (Yang et al. 2024, arXiv 2403.19211): half of the ranks are a global adapter, half a personal one. Both are
 * tuned at once and both always work, with the same weight; the paper's weighing by the input's likeness is not done.
 */
export const feddpa: Strategy = {
  ...plainLora,
  name: 'feddpa',
  title: 'FedDPA',
  description: 'Half of the ranks are one adapter for everybody, the other half a personal one that is never shared.',
  result: 'personal',
  exchanged: (layout) => globalHalf(layout),
  start: (from) => sharedAndOwn(from, globalHalf(from.layout)),
};

function globalHalf(layout: Layout) {
  return ranksOf(layout, 0, Math.ceil(layout.rank / 2));
}
