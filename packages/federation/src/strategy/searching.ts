import type { FederationConfig } from '@perfit/protocol';
import { Mask } from '@perfit/protocol/space';
import { isAlone } from './alone.ts';
import type { MaskSearch, RoundStart, Strategy } from './strategy.ts';

/** [PF1] [PF2] [PF3] [PF7] What PerFIT and its ablations share: personal masks over the expanded space. */
function searching(
  about: Pick<Strategy, 'name' | 'title' | 'description'>,
  settings: (search: FederationConfig['search']) => MaskSearch,
): Strategy {
  return {
    ...about,
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

export const perfit = searching(
  {
    name: 'perfit',
    title: 'PerFIT',
    description:
      'Each client searches a personal mask on its own text, tunes what the mask keeps, and shares just that.',
  },
  (search) => search,
);

export const randomMask = searching(
  {
    name: 'random-mask',
    title: 'Random masks',
    description: 'As PerFIT, but each mask is drawn by lot: what the search itself is worth.',
  },
  // A lot needs neither a warm-up nor several draws.
  (search) => ({ ...search, score: 'random', warmupEpochs: 0, iterations: 1, batches: 1 }),
);

export const subFedAvg = searching(
  {
    name: 'sub-fedavg',
    title: 'Sub-FedAvg',
    description: 'As PerFIT, but each mask keeps the largest numbers after a warm-up (Vahidian et al. 2021).',
  },
  (search) => ({ ...search, score: 'magnitude' }),
);
