import type { AdapterTensors } from '../model/adapter-tensors.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { makeBatches } from '../text/batches.ts';
import type { Example } from '../text/example.ts';
import { NO_LOSS, tokenizeExamples } from '../text/examples.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import { perplexity } from './perplexity.ts';

export interface EvaluationOptions {
  /** T: longer examples are cut, in tokens. */
  readonly maxLength: number;
  readonly signal?: AbortSignal;
  /** Called after every batch. */
  readonly onProgress?: (done: number, of: number) => void;
}

/** What a model makes of a person's text. */
export interface Evaluation {
  /** exp of the mean negative log-likelihood of the response tokens. */
  readonly perplexity: number;
  readonly examples: number;
  /** Without padding. */
  readonly tokens: number;
  readonly responseTokens: number;
  /** Examples that were longer than T. */
  readonly cut: number;
  /** Examples without a response token within T. */
  readonly dropped: number;
}

/** Computed at once, padding included; the result does not depend on it beyond float noise. */
const MAX_TOKENS_AT_ONCE = 4096;
const MAX_ROWS_AT_ONCE = 8;

/** B for an evaluation of rows of T tokens. */
export function evaluationRows(maxLength: number): number {
  return Math.max(1, Math.min(MAX_ROWS_AT_ONCE, Math.floor(MAX_TOKENS_AT_ONCE / maxLength)));
}

/**
 * Perplexity on the responses of all examples: the same on every backend and everywhere.
 * @throws TrainingError `training-no-examples`, ChatTemplateError, the signal's reason
 */
export async function evaluate(
  { model, tokenizer, adapter }: { model: LanguageModel; tokenizer: Tokenizer; adapter: AdapterTensors | null },
  examples: readonly Example[],
  { maxLength, signal, onProgress }: EvaluationOptions,
): Promise<Evaluation> {
  const tokenized = tokenizeExamples(examples, tokenizer, { maxLength });
  const batchSize = evaluationRows(maxLength);
  const batches = makeBatches(tokenized.examples, { batchSize, maxLength, padId: tokenizer.padId });
  return {
    perplexity: await perplexity(model, adapter, batches, {
      ...(signal ? { signal } : {}),
      ...(onProgress ? { onBatch: (done) => onProgress(done, batches.length) } : {}),
    }),
    examples: tokenized.examples.length,
    tokens: batches.reduce((sum, batch) => sum + batch.tokens, 0),
    responseTokens: batches.reduce((sum, { labels }) => sum + labels.filter((label) => label !== NO_LOSS).length, 0),
    cut: tokenized.cut.examples,
    dropped: tokenized.dropped.length,
  };
}
