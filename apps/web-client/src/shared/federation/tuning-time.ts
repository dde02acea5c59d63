import type { FederationConfig } from '@perfit/protocol';
import type { DeviceProbe } from '../../contract/probe-api.ts';
import { usesOption } from './used-options.ts';

/** Examples of a person's text by what they are for, and what of it is read. */
export interface TextSize {
  readonly training: number;
  readonly validation: number;
  readonly heldOut: number;
  /** Of all of them together. */
  readonly tokens: number;
}

/** Seconds of computing. */
export interface TuningTime {
  /** What the first round takes more: the search, and the untouched model's perplexity. */
  readonly beforehand: number;
  readonly round: number;
}

/**
 * What of a probe's speed a whole step reaches. Products are most of a step, but not all of it, and the others are not as
 * quick: with perfit-nano it was 0.48 to 0.65 on WebAssembly and on a software WebGPU device. Other devices and models
 * will differ by a factor of two.
 */
const STEP_SHARE = 0.5;

/**
 * How long tuning will take: operations a token (`workPerToken`) times the tokens that a round looks at, over a share of
 * the speed that was measured. A round is `epochs` passes over the training rows, and the perplexities of what came and of
 * what was tuned; a search is its warm-up and its scores (PF3). Rough.
 */
export function tuningTime(
  { strategy, search, tuning }: FederationConfig,
  { speed, model }: Pick<DeviceProbe, 'speed' | 'model'>,
  text: TextSize,
): TuningTime {
  const { training, validation, heldOut } = text;
  const perExample = text.tokens / Math.max(1, training + validation + heldOut);
  const steps = (examples: number) => examples * perExample * model.work.step;
  const evaluations = (examples: number) => examples * perExample * model.work.forward;
  const searches = usesOption(strategy, 'search.everyRounds');
  // A mask that is drawn by lot needs no warm-up and no scores.
  const looksAt = usesOption(strategy, 'search.rewind') ? searchedExamples({ search, tuning }, training) : 0;
  const reached = speed * STEP_SHARE;
  return {
    beforehand: ((searches ? steps(looksAt) : 0) + evaluations(heldOut)) / reached,
    round: (steps(tuning.epochs * training) + evaluations(2 * (heldOut + validation))) / reached,
  };
}

function searchedExamples({ search, tuning }: Pick<FederationConfig, 'search' | 'tuning'>, training: number): number {
  const scored = Math.min(training, search.batches * tuning.batchSize);
  return search.warmupEpochs * training + search.iterations * scored;
}
