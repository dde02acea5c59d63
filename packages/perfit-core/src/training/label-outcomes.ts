import * as tf from '@tensorflow/tfjs-core';
import type { AdapterTensors } from '../model/adapter-tensors.ts';
import { countLabels } from '../model/labelled-rows.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { makeBatches } from '../text/batches.ts';
import type { TokenizedExample } from '../text/examples.ts';
import { yieldToEventLoop } from './event-loop.ts';

/** Of one row, by response token. */
export interface TokenOutcomes {
  /** Its negative log-likelihood, in nats. */
  readonly losses: Float32Array;
  /** 1 where it is the model's likeliest token, given the right ones before it; 0 elsewhere. */
  readonly hits: Uint8Array;
}

export interface LabelOutcomeOptions {
  /** T: no row is longer. */
  readonly maxLength: number;
  readonly padId: number;
  readonly signal?: AbortSignal;
  /** Called after every batch, with rows. */
  readonly onProgress?: (done: number, of: number) => void;
}

/** Computed at once, padding included; the result does not depend on it beyond float noise. */
const MAX_TOKENS_AT_ONCE = 4096;
const MAX_ROWS_AT_ONCE = 8;

/** B for an evaluation of rows of T tokens. */
function evaluationRows(maxLength: number): number {
  return Math.max(1, Math.min(MAX_ROWS_AT_ONCE, Math.floor(MAX_TOKENS_AT_ONCE / maxLength)));
}

/**
 * What a model makes of each response token of each row. The mean loss over all tokens of all rows is the logarithm of their
 * perplexity (PF8), the mean hit their token accuracy.
 * @returns for every row, in the given order; empty where a row has no label
 * @throws the signal's reason between two batches
 */
export async function labelOutcomes(
  { model, adapter }: { readonly model: LanguageModel; readonly adapter: AdapterTensors | null },
  rows: readonly TokenizedExample[],
  { maxLength, padId, signal, onProgress }: LabelOutcomeOptions,
): Promise<TokenOutcomes[]> {
  const outcomes = rows.map((): TokenOutcomes => ({ losses: new Float32Array(), hits: new Uint8Array() }));
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
      const tensors = model.labelOutcomes(adapter, batch);
      const losses = (await tensors.losses.data()) as Float32Array;
      const hits = Uint8Array.from(await tensors.hits.data());
      tf.dispose([tensors.losses, tensors.hits]);
      let from = 0;
      chosen.forEach((row, b) => {
        const labels = batch.labels.subarray(b * batch.length, (b + 1) * batch.length);
        const to = from + countLabels({ labels });
        outcomes[row] = { losses: losses.slice(from, to), hits: hits.slice(from, to) };
        from = to;
      });
    }
    onProgress?.(Math.min(start + batchSize, order.length), order.length);
    await yieldToEventLoop();
  }
  return outcomes;
}

function lengthOf(rows: readonly TokenizedExample[], row: number): number {
  return rows[row]?.ids.length ?? 0;
}
