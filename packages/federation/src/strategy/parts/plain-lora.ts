import { type Layout, Mask } from '@perfit/protocol/space';
import type { StrategyMethods } from '../strategy.ts';

/** What FedIT and its kin share: a plain LoRA that every client owns whole, sends whole, and starts from as it came. */
export const plainLora: StrategyMethods = {
  result: 'global',
  averaging: 'parameterwise',
  space: ({ rank, alpha }) => ({ rank, alpha, trains: 'both' }),
  mask: () => ({ kind: 'whole', positions: (layout: Layout) => Mask.full(layout.size) }),
  receive: (config) => config.receive,
  exchanged: (_layout, owned) => owned,
  start: ({ received }) => received.slice(),
};
