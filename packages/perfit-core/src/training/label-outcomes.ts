import type { AdapterTensors } from '../model/adapter-tensors.ts';
import { countLabels } from '../model/labelled-rows.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { makeBatches } from '../text/batches.ts';
import type { TokenizedExample } from '../text/examples.ts';
import { evaluationRows } from './evaluate.ts';
import { yieldToEventLoop } from './event-loop.ts';

export interface LabelLossOptions {
  /** T: no row is longer. */
  readonly maxLength: number;
  readonly padId: number;
  readonly signal?: AbortSignal;
  /** Called after every batch, with rows. */
  readonly onProgress?: (done: number, of: number) => void;
}

/**
 * How surprised a model is by each response token of each row: its negative log-likelihood, in nats. The mean over all
 * tokens of all rows is the logarithm of their perplexity (PF8).
 * @returns for every row, in the given order, [its labels]; empty where a row has none
 * @throws the signal's reason between two batches
 */
export async function labelLosses(
  { model, adapter }: { readonly model: LanguageModel; readonly adapter: AdapterTensors | null },
  rows: readonly TokenizedExample[],
  { maxLength, padId, signal, onProgress }: LabelLossOptions,
): Promise<Float32Array[]> {
  const losses = rows.map(() => new Float32Array());
  // A row of one token predicts nothing.
  const usable = [...rows.keys()].filter((row) => lengthOf(rows, row) > 1);
  const order = usable.sort((a, b) => lengthOf(rows, a) - lengthOf(rows, b));
  const batchSize = evaluationRows(maxLength);
  for (let start = 0; start < order.length; start += batchSize) {
    signal?.throwIfAborted();
    const chosen = order.slice(start, start + batchSize);
    const examples = chosen.map((row) => rows[row] as TokenizedExample);
    // By length already, so one batch in this very order.
    for (const batch of makeBatches(examples, { batchSize, maxLength, padId })) {
      if (countLabels(batch) === 0) continue;
      const tensor = model.labelLosses(adapter, batch);
      const values = (await tensor.data()) as Float32Array;
      tensor.dispose();
      let from = 0;
      chosen.forEach((row, b) => {
        const labels = batch.labels.subarray(b * batch.length, (b + 1) * batch.length);
        const to = from + countLabels({ labels });
        losses[row] = values.slice(from, to);
        from = to;
      });
    }
    onProgress?.(Math.min(start + batchSize, order.length), order.length);
    await yieldToEventLoop();
  }
  return losses;
}

function lengthOf(rows: readonly TokenizedExample[], row: number): number {
  return rows[row]?.ids.length ?? 0;
}
