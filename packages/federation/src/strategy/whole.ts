import { buildLayout, initialTheta, type Layout, Mask, type ModelDimensions } from '@perfit/protocol/space';
import { isAlone } from './alone.ts';
import { positionsOf } from './positions.ts';
import type { RoundAt, RoundStart, Strategy } from './strategy.ts';

const everything = { kind: 'whole', positions: (layout: Layout) => Mask.full(layout.size) } as const;

/** FedIT (Zhang et al. 2023, arXiv 2305.05644): plain LoRA, averaged whole. */
export const fedit: Strategy = {
  name: 'fedit',
  title: 'FedIT',
  description: 'Every client tunes the same plain LoRA, and all of it is averaged.',
  result: 'global',
  averaging: 'parameterwise',
  space: ({ rank, alpha }) => ({ rank, alpha, trains: 'both' }),
  mask: () => everything,
  receive: (config) => config.receive,
  exchanged: (_layout, owned) => owned,
  start: ({ received }) => received.slice(),
};

/** FedProx (Li et al. 2020, arXiv 1812.06127) on plain LoRA; where the federation does not set μ, it is 0.01. */
export const fedprox: Strategy = {
  ...fedit,
  name: 'fedprox',
  title: 'FedProx',
  description: 'As FedIT, but a proximal pull keeps every client near what it received.',
  tuning: ({ tuning }) => ({ ...tuning, proximal: tuning.proximal || 0.01 }),
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
  exchanged: (layout, owned, at) => (isLocalRound(at) ? Mask.empty(layout.size) : owned),
  start: (from) => (isLocalRound(from) ? (from.previous?.slice() ?? thetaZero(from)) : from.received.slice()),
};

/** A third of all rounds, where the schedule does not say. */
function isLocalRound(at: RoundAt): boolean {
  return isAlone(at, Math.max(1, Math.round(at.config.schedule.rounds / 3)));
}

/** The baseline that any federation must beat. */
export const local: Strategy = {
  ...fedit,
  name: 'local',
  title: 'Local only',
  description: 'Every client tunes a plain LoRA on its own text for as many rounds, and shares nothing.',
  result: 'personal',
  exchanged: (layout) => Mask.empty(layout.size),
  start: (from) => from.previous?.slice() ?? thetaZero(from),
};

/** FFA-LoRA (Sun et al. 2024, arXiv 2403.12313): A stays as the seed made it, so that the average of products is exact. */
export const ffa: Strategy = {
  ...fedit,
  name: 'ffa',
  title: 'FFA-LoRA',
  description: 'A stays as the seed made it; every client tunes B, and all of B is averaged.',
  space: ({ rank, alpha, targets }, dimensions) => ({
    rank: rankOfEqualCount(rank, targets, dimensions),
    alpha,
    trains: 'B',
  }),
  mask: () => ({ kind: 'whole', positions: (layout) => positionsOf(layout, 'B') }),
  start: (from) => {
    const { owned, received } = from;
    return owned.unpack(owned.pack(received), thetaZero(from));
  },
};

/** FedSA-LoRA (Guo et al. 2024, arXiv 2410.01463): A learns what is general, B what is personal. */
export const fedsa: Strategy = {
  ...fedit,
  name: 'fedsa',
  title: 'FedSA-LoRA',
  description: 'Every client tunes a plain LoRA; A is averaged, B stays personal.',
  result: 'personal',
  exchanged: (layout) => positionsOf(layout, 'A'),
  start: (from) => sharedAndOwn(from, positionsOf(from.layout, 'A')),
};

/** What is shared as it came, and the rest as the client had it. @returns [N] */
export function sharedAndOwn(from: RoundStart, shared: Mask): Float32Array {
  return shared.unpack(shared.pack(from.received), from.previous ?? thetaZero(from));
}

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
