import type { FederationConfig, Progress } from '@perfit/protocol';
import type { MaskSearch } from '../strategy/strategy.ts';
import type { SearchProgress, SearchSettings, TuningSettings } from './local-tuner.ts';

/** @param search.seed not the federation's: masks that are drawn by lot must differ from client to client */
export function searchSettings(
  config: FederationConfig,
  { warmupEpochs, iterations, batches, score, scope }: MaskSearch,
  search: { readonly round: number; readonly density: number; readonly seed: number },
): SearchSettings {
  const { round, density, seed } = search;
  const tuning = { ...tuningSettings(config, round), epochs: warmupEpochs };
  return { density, warmupEpochs, iterations, batches, score, scope, tuning, seed };
}

/** The order of the examples changes from round to round, and is the same again after a reload. */
export function tuningSettings({ tuning, seed }: FederationConfig, round: number): TuningSettings {
  const { epochs, batchSize, accumulation, learningRate, weightDecay, beta1, beta2, epsilon, clipNorm } = tuning;
  return {
    epochs,
    batchSize,
    accumulation,
    learningRate,
    weightDecay,
    beta1,
    beta2,
    epsilon,
    clipNorm,
    seed: (seed + Math.imul(round, 0x9e3779b9)) >>> 0,
  };
}

export function searchReport(round: number, progress: SearchProgress): Progress {
  const [at, of] =
    progress.kind === 'warmup' ? [progress.step, progress.steps] : [progress.iteration, progress.iterations];
  return { round, phase: progress.kind === 'warmup' ? 'warm-up' : 'search', done: Math.min(1, at / Math.max(1, of)) };
}
