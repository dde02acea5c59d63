import { buildLayout, initialTheta, Mask, type ModelDimensions } from '@perfit/protocol/space';
import { positionsOf } from './matrices.ts';
import type { RoundAt, RoundStart, Strategy } from './strategy.ts';

/** FedIT (Zhang et al. 2023, arXiv 2305.05644): plain LoRA, averaged whole. */
export const fedit: Strategy = {
  name: 'fedit',
  title: 'FedIT',
  description: 'Every client tunes the same plain LoRA, and all of it is averaged.',
  result: 'global',
  space: (lora) => ({ rank: lora.rank, trains: 'both' }),
  mask: () => ({ kind: 'whole', trains: 'both' }),
  exchanged: (_layout, owned) => owned,
  start: ({ received }) => received.slice(),
};

/**
 * FedIT, and then local fine-tuning: the last rounds go on alone, at the same number of tuning steps in all, and what
 * they learn is not fed back. Whoever joins only then has nothing but θ⁰ to start from.
 */
export const feditThenLocal: Strategy = {
  ...fedit,
  name: 'fedit+ft',
  title: 'FedIT + fine-tuning',
  description: 'As FedIT, but in the last rounds every client tunes on alone and shares nothing.',
  result: 'personal',
  exchanged: (layout, owned, at) => (isAlone(at) ? Mask.empty(layout.size) : owned),
  start: (from) => (isAlone(from) ? (from.previous?.slice() ?? thetaZero(from)) : from.received.slice()),
};

function isAlone({ config, round }: RoundAt): boolean {
  const { rounds, localRounds = Math.max(1, Math.round(rounds / 3)) } = config.schedule;
  return round > rounds - localRounds;
}

/** The baseline that any federation must beat. */
export const local: Strategy = {
  name: 'local',
  title: 'Local only',
  description: 'Every client tunes a plain LoRA on its own text for as many rounds, and shares nothing.',
  result: 'personal',
  space: (lora) => ({ rank: lora.rank, trains: 'both' }),
  mask: () => ({ kind: 'whole', trains: 'both' }),
  exchanged: (layout) => Mask.empty(layout.size),
  start: (from) => from.previous?.slice() ?? thetaZero(from),
};

/** FFA-LoRA (Sun et al. 2024, arXiv 2403.12313): A stays as the seed made it, so that the average of products is exact. */
export const ffa: Strategy = {
  name: 'ffa',
  title: 'FFA-LoRA',
  description: 'A stays as the seed made it; every client tunes B, and all of B is averaged.',
  result: 'global',
  space: (lora, dimensions) => ({ rank: rankOfEqualCount(lora.rank, lora.targets, dimensions), trains: 'B' }),
  mask: () => ({ kind: 'whole', trains: 'B' }),
  exchanged: (_layout, owned) => owned,
  start: (from) => {
    const { owned, received } = from;
    return owned.unpack(owned.pack(received), thetaZero(from));
  },
};

/** FedSA-LoRA (Guo et al. 2024, arXiv 2410.01463): A learns what is general, B what is personal. */
export const fedsa: Strategy = {
  name: 'fedsa',
  title: 'FedSA-LoRA',
  description: 'Every client tunes a plain LoRA; A is averaged, B stays personal.',
  result: 'personal',
  space: (lora) => ({ rank: lora.rank, trains: 'both' }),
  mask: () => ({ kind: 'whole', trains: 'both' }),
  exchanged: (layout) => positionsOf(layout, 'A'),
  start: (from) => {
    const shared = positionsOf(from.layout, 'A');
    return shared.unpack(shared.pack(from.received), from.previous ?? thetaZero(from));
  },
};

function thetaZero({ layout, config }: RoundStart): Float32Array {
  return initialTheta(layout, config.seed);
}

/**
 * The rank at which B alone has about as many numbers as A and B have at `rank`: r·Σ(in + out) / Σ out, rounded.
 * It is 2r where the layers are square.
 */
function rankOfEqualCount(
  rank: number,
  targets: Parameters<Strategy['space']>[0]['targets'],
  dimensions: ModelDimensions,
): number {
  const unit = buildLayout(dimensions, { rank: 1, alpha: 1, targets });
  const outputs = unit.tensors.reduce((sum, tensor) => sum + (tensor.matrix === 'B' ? tensor.size : 0), 0);
  return Math.max(1, Math.round((rank * unit.size) / outputs));
}
