import type { FederationConfig } from '@perfit/protocol';
import { Mask } from '@perfit/protocol/space';
import type { MaskSearch, RoundStart, StrategyMethods } from '../strategy.ts';
import { isAlone } from './alone.ts';

/** [PF1] [PF2] [PF3] [PF7] What PerFIT and its ablations share: personal masks over the expanded space. */
export function searching(settings: (search: FederationConfig['search']) => MaskSearch): StrategyMethods {
  return {
    result: 'personal',
    averaging: 'parameterwise',
    space: ({ rank, expansion, alpha }) => ({ rank: rank * expansion, alpha, trains: 'both' }),
    mask: ({ config, round }) =>
      round <= config.search.sharedRounds ? { kind: 'ranks' } : { kind: 'search', settings: settings(config.search) },
    receive: (config) => config.receive,
    exchanged: (layout, owned, at) => (isAlone(at, 0) ? Mask.empty(layout.size) : owned),
    start: (from) => {
      if (isAlone(from, 0) && from.previous) return from.previous.slice();
      const received = from.config.receive === 'all' ? from.received.slice() : from.owned.apply(from.received);
      return withOwn(received, from);
    },
  };
}

/**
 * [PF3] Without the rewind a new mask keeps what its warm-up has learned. Later rounds start between what came and
 * what the client had: `personal.keep` is the share of its own.
 */
function withOwn(received: Float32Array, { config, owned, warm, previous }: RoundStart): Float32Array {
  if (warm) return config.search.rewind ? received : owned.unpack(owned.pack(warm), received);
  const { keep } = config.personal;
  if (!previous || keep === 0) return received;
  const theirs = owned.pack(received);
  const mixed = owned.pack(previous).map((own, i) => keep * own + (1 - keep) * (theirs[i] as number));
  return owned.unpack(mixed, received);
}
