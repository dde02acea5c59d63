import type { AdapterTensors } from '../model/adapter-tensors.ts';
import { countLabels } from '../model/labelled-rows.ts';
import type { LanguageModel } from '../model/language-model.ts';
import type { TokenBatch } from '../text/token-batch.ts';
import { yieldToEventLoop } from './event-loop.ts';
import { TrainingError } from './training-error.ts';

/**
 * exp of the mean negative log-likelihood over all labels of all batches (PF8).
 * @throws TrainingError `training-no-examples` where no label carries loss   @throws the signal's reason between two batches
 */
export async function perplexity(
  model: LanguageModel,
  adapter: AdapterTensors | null,
  batches: readonly TokenBatch[],
  { signal, onBatch }: { readonly signal?: AbortSignal; readonly onBatch?: (done: number) => void } = {},
): Promise<number> {
  let total = 0;
  let labels = 0;
  for (const [index, batch] of batches.entries()) {
    signal?.throwIfAborted();
    const count = countLabels(batch);
    const loss = model.loss(adapter, batch);
    total += ((await loss.data())[0] as number) * count;
    labels += count;
    loss.dispose();
    onBatch?.(index + 1);
    await yieldToEventLoop();
  }
  if (labels === 0) throw new TrainingError('training-no-examples', 'no held-out token has a label to be evaluated on');
  return Math.exp(total / labels);
}
