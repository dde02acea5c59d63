import type { FederationConfig } from '@perfit/protocol';
import type { MaskSearch, Strategy } from './strategy.ts';

/** [PF1] [PF2] [PF3] [PF7] What PerFIT and its ablations share: personal masks over the expanded space. */
function searching(
  about: Pick<Strategy, 'name' | 'title' | 'description'>,
  settings: (search: FederationConfig['search']) => MaskSearch,
): Strategy {
  return {
    ...about,
    result: 'personal',
    space: (lora) => ({ rank: lora.rank * lora.expansion, trains: 'both' }),
    mask: (config) => ({ kind: 'search', settings: settings(config.search) }),
    exchanged: (_layout, owned) => owned,
    start: ({ config, owned, received }) => (config.receive === 'all' ? received.slice() : owned.apply(received)),
  };
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
