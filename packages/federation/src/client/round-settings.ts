import type { FederationConfig, Progress } from '@perfit/protocol';
import type { SearchSettings, TuningSettings } from '@perfit/protocol/tuner';
import { strategyOf } from '../strategy/registry.ts';
import type { MaskSearch } from '../strategy/strategy.ts';
import type { ClientEvent } from './client-event.ts';

/**
 * The same federation on the same text finds the same mask, on whatever machine. Only masks that are drawn by lot must
 * differ from client to client: there the client's name by its key goes into the seed.
 */
export function searchSettings(
  config: FederationConfig,
  { warmupEpochs, iterations, batches, score, scope }: MaskSearch,
  search: {
    readonly round: number;
    readonly density: number;
    readonly client: string;
    /** [N]; null where nothing is known of them. */
    readonly owners: Float32Array | null;
  },
): SearchSettings {
  const { round, density, client, owners } = search;
  const tuning = { ...tuningSettings(config, round), epochs: warmupEpochs };
  const seed = score === 'random' ? mixed(tuning.seed, client) : tuning.seed;
  const prior = owners && { weight: config.search.prior ?? 0, owners };
  return { density, warmupEpochs, iterations, batches, score, scope, tuning, seed, ...(prior ? { prior } : {}) };
}

/** The order of the examples changes from round to round, and is the same again after a reload. */
export function tuningSettings(config: FederationConfig, round: number): TuningSettings {
  const { maxLength: _, warmup = 0, decay, ...tuning } = strategyOf(config.strategy).tuning?.(config) ?? config.tuning;
  const height = decay === 'cosine' ? cosineAt(round, config.schedule.rounds) : 1;
  return {
    ...tuning,
    learningRate: height * tuning.learningRate,
    ...(warmup > 0 ? { rate: { warmup, decay: 'constant' as const } } : {}),
    seed: (config.seed + Math.imul(round, 0x9e3779b9)) >>> 0,
  };
}

/**
 * From 1 in the first round towards 0 behind the last, as OpenFedLLM's (arXiv 2402.06954) falls over its rounds.
 * @param round from 1
 */
function cosineAt(round: number, rounds: number): number {
  return 0.5 * (1 + Math.cos((Math.PI * Math.min(round - 1, rounds - 1)) / rounds));
}

export function searchReport(round: number, progress: Extract<ClientEvent, { type: 'search' }>['progress']): Progress {
  const [at, of] =
    progress.kind === 'warmup' ? [progress.step, progress.steps] : [progress.iteration, progress.iterations];
  return { round, phase: progress.kind === 'warmup' ? 'warm-up' : 'search', done: Math.min(1, at / Math.max(1, of)) };
}

/** Fowler, Noll & Vo, 32 bits, started at the seed. */
function mixed(seed: number, text: string): number {
  let hash = seed ^ 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
