import type { LocalTuner, TuningProgress, TuningSettings, TuningStart } from '@perfit/protocol/tuner';

export type BestEpochProgress =
  | Extract<TuningProgress, { kind: 'step' }>
  /** On the validation rows, after an epoch. */
  | { readonly kind: 'epoch'; readonly epoch: number; readonly perplexity: number; readonly isBest: boolean };

export interface BestEpoch {
  readonly theta: Float32Array;
  /** From 1; 0 where there are no validation rows: then it is the last. */
  readonly epoch: number;
  readonly steps: number;
}

/**
 * Tunes and keeps the state of the epoch that did best on the validation rows; ends early after `patience` epochs that did
 * not better it. Without such rows the last state stays.
 */
export async function* tuneForBest(
  tuner: Pick<LocalTuner, 'tune' | 'perplexity' | 'examples'>,
  start: TuningStart,
  { patience, ...settings }: TuningSettings & { readonly patience: number },
): AsyncGenerator<BestEpochProgress, BestEpoch> {
  const hasValidation = tuner.examples.validation > 0;
  const run = tuner.tune(start, settings);
  let best: { theta: Float32Array; epoch: number; perplexity: number } | null = null;
  let steps = 0;
  for (let epoch = 0; ; ) {
    const next = await run.next();
    if (next.done) {
      const { theta } = next.value;
      return best ? { theta: best.theta, epoch: best.epoch, steps } : { theta, epoch: 0, steps: next.value.steps };
    }
    const progress = next.value;
    if (progress.kind === 'step') {
      steps = progress.step;
      yield progress;
      continue;
    }
    if (!progress.isEpochEnd || !hasValidation) continue;
    epoch++;
    const { theta } = progress.checkpoint;
    const perplexity = await tuner.perplexity(theta, undefined, 'validation');
    const isBest: boolean = best === null || perplexity < best.perplexity;
    if (isBest) best = { theta: theta.slice(), epoch, perplexity };
    yield { kind: 'epoch', epoch, perplexity, isBest };
    if (best && epoch - best.epoch >= patience) {
      await run.return(undefined as never);
      return { theta: best.theta, epoch: best.epoch, steps };
    }
  }
}
