import { type ClientEvent, strategyOf } from '@perfit/federation';
import type { FederationConfig } from '@perfit/protocol';

/** What evaluating a batch costs of tuning on it: the forward pass without the backward one. */
const EVALUATION_SHARE = 1 / 3;

/** Rows that a client has. */
export interface Sizes {
  readonly training: number;
  readonly heldOut: number;
  readonly validation: number;
}

/** What a client looks at by its validation rows when the rounds are over (PF9): what came last, and means. */
const CANDIDATES = 5;

/**
 * How much a client's cell is, counted in batches tuned on; without the base's perplexity, which all cells share, and
 * the one evaluation of what is left at the end.
 */
export function workOf(config: FederationConfig, sizes: Sizes, hasTwin: boolean): number {
  const { tuning, schedule, search } = config;
  const source = strategyOf(config.strategy).mask({ config, round: schedule.rounds });
  const steps = stepsOf(config, sizes, tuning.epochs);
  const { heldOut, validation } = sizes;
  let work = schedule.rounds * (steps * tuning.accumulation + 2 * (evaluationOf(heldOut) + evaluationOf(validation)));
  if (validation > 0) work += CANDIDATES * evaluationOf(validation) + evaluationOf(heldOut);
  if (hasTwin)
    work += schedule.rounds * (steps * tuning.accumulation + evaluationOf(validation)) + 3 * evaluationOf(heldOut);
  if (source.kind === 'search') {
    const { warmupEpochs, iterations, batches, score } = source.settings;
    const searches = search.everyRounds > 0 ? Math.ceil(schedule.rounds / search.everyRounds) : 1;
    const scoring = score === 'taylor' || score === 'gradient' ? iterations * batches : 0;
    work += searches * (stepsOf(config, sizes, warmupEpochs) * tuning.accumulation + scoring);
  }
  return work;
}

/** How much of it an event says is done. */
export function workDone(config: FederationConfig, sizes: Sizes, event: ClientEvent): number {
  switch (event.type) {
    case 'tuning':
      return config.tuning.accumulation;
    case 'search':
      return event.progress.kind === 'warmup' ? config.tuning.accumulation : config.search.batches;
    case 'perplexity':
      return event.of === 'base' ? 0 : evaluationOf(sizes.heldOut);
    case 'validation':
      return evaluationOf(sizes.validation);
    case 'twin':
      return config.tuning.accumulation;
    case 'conclusion': {
      const { alone } = event.perplexity;
      const twin =
        alone === null ? 0 : config.schedule.rounds * evaluationOf(sizes.validation) + 3 * evaluationOf(sizes.heldOut);
      return CANDIDATES * evaluationOf(sizes.validation) + evaluationOf(sizes.heldOut) + twin;
    }
    default:
      return 0;
  }
}

function stepsOf({ tuning }: FederationConfig, { training }: Sizes, epochs: number): number {
  if (epochs === 0) return 0;
  return Math.max(1, Math.round(epochs * Math.ceil(Math.ceil(training / tuning.batchSize) / tuning.accumulation)));
}

function evaluationOf(rows: number): number {
  return EVALUATION_SHARE * Math.ceil(rows / 8);
}
