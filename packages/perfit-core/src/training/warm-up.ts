import { Mask } from '@perfit/protocol/space';
import type { LocalSearchProgress, LocalSearchSettings, ModelTuner } from './local-tuner.ts';
import { retelling } from './retelling.ts';

/** PF3 (a): tuning in the whole space, as a search reports it. @param theta [N]   @returns theta after it, [N] */
export async function* warmUp(
  tuner: Pick<ModelTuner, 'tune'>,
  theta: Float32Array,
  { settings, signal }: { settings: LocalSearchSettings; signal?: AbortSignal | undefined },
): AsyncGenerator<LocalSearchProgress, Float32Array> {
  if (settings.warmupEpochs === 0) return theta;
  const tuning = { ...settings.tuning, epochs: settings.warmupEpochs };
  const run = tuner.tune({ theta, mask: Mask.full(theta.length) }, tuning, signal);
  const warm = yield* retelling(run, (progress): LocalSearchProgress | null => {
    if (progress.kind === 'checkpoint') return null;
    const { step, steps, loss, tokens } = progress;
    return { kind: 'warmup', step, steps, loss, tokens };
  });
  return warm.theta;
}
