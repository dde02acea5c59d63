import { Mask } from '@perfit/protocol/space';
import type { LocalTuner, SearchProgress, SearchSettings, SearchStart } from '@perfit/protocol/tuner';
import { mapProgress } from './map-progress.ts';

/** PF3 (a): tuning in the whole space, as a search reports it. @returns theta after it, [N] */
export async function* warmUp(
  tuner: Pick<LocalTuner, 'tune'>,
  { theta, checkpoint }: SearchStart,
  { settings, signal }: { settings: SearchSettings; signal?: AbortSignal | undefined },
): AsyncGenerator<SearchProgress, Float32Array> {
  if (settings.warmupEpochs === 0) return theta;
  const tuning = { ...settings.tuning, epochs: settings.warmupEpochs };
  const from = checkpoint?.part === 'warm-up' ? { checkpoint: checkpoint.tuning } : {};
  const run = tuner.tune({ theta, mask: Mask.full(theta.length), ...from }, tuning, signal);
  const warm = yield* mapProgress(run, (progress): SearchProgress => {
    if (progress.kind === 'checkpoint') {
      return { kind: 'checkpoint', checkpoint: { part: 'warm-up', tuning: progress.checkpoint } };
    }
    const { step, steps, loss, tokens } = progress;
    return { kind: 'warmup', step, steps, loss, tokens };
  });
  return warm.theta;
}
