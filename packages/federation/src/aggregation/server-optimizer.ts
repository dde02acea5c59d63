import type { FederationConfig } from '@perfit/protocol';
import type { Moments } from './aggregation.ts';

/** What the server does with a position's mean delta. */
export interface ServerOptimizer {
  /** How far θ_g[p] moves. Called once for each position that has an owner, and for no other. */
  step(position: number, meanDelta: number): number;
  /** After the round; null where nothing is kept. */
  readonly moments: Moments | null;
}

/**
 * The mean delta is taken as a step against the gradient. Moments live on owned coordinates only: one without an owner
 * this round keeps its own, as it keeps its value (PF6).
 * Source: FedAvgM is Hsu et al. 2019 (arXiv 1909.06335), v ← β₁v + Δ, θ ← θ + ηv; FedAdam is Reddi et al. 2021
 * (arXiv 2003.00295), algorithm 2, which corrects no bias: m ← β₁m + (1−β₁)Δ, v ← β₂v + (1−β₂)Δ², θ ← θ + ηm/(√v + τ).
 */
export function serverOptimizer(
  settings: FederationConfig['server'],
  size: number,
  before: Moments | null,
): ServerOptimizer {
  const { optimizer, learningRate, beta1, beta2, epsilon } = settings;
  if (optimizer === 'none') return { step: (_, meanDelta) => meanDelta, moments: null };
  const first = before?.first.slice() ?? new Float32Array(size);
  if (optimizer === 'momentum') {
    return {
      step(p, meanDelta) {
        first[p] = beta1 * (first[p] as number) + meanDelta;
        return learningRate * (first[p] as number);
      },
      moments: { first, second: null },
    };
  }
  const second = before?.second?.slice() ?? new Float32Array(size);
  return {
    step(p, meanDelta) {
      first[p] = beta1 * (first[p] as number) + (1 - beta1) * meanDelta;
      second[p] = beta2 * (second[p] as number) + (1 - beta2) * meanDelta ** 2;
      return (learningRate * (first[p] as number)) / (Math.sqrt(second[p] as number) + epsilon);
    },
    moments: { first, second },
  };
}
