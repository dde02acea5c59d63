import type { AdapterTensors } from '../model/adapter-tensors.ts';
import type { LanguageModel } from '../model/language-model.ts';
import type { Example } from '../text/example.ts';
import { tokenizeExamples } from '../text/examples.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import { labelOutcomes } from './label-outcomes.ts';
import { TrainingError } from './training-error.ts';

export interface EvaluationOptions {
  /** T: longer examples are cut, in tokens. */
  readonly maxLength: number;
  readonly signal?: AbortSignal;
  /** Called after every batch, with rows. */
  readonly onProgress?: (done: number, of: number) => void;
}

/** What a model makes of a person's text. */
export interface Evaluation {
  /** exp of the mean negative log-likelihood of the response tokens. */
  readonly perplexity: number;
  /** Share of the response tokens that are the likeliest one to the model, given the right ones before. */
  readonly tokenAccuracy: number;
  readonly examples: number;
  /** Without padding. */
  readonly tokens: number;
  readonly responseTokens: number;
  /** Examples that were longer than T. */
  readonly cut: number;
  /** Examples without a response token within T. */
  readonly dropped: number;
}

/**
 * Perplexity and token accuracy on the responses of all examples: the same on every backend and everywhere.
 * @throws TrainingError `training-no-examples`, ChatTemplateError, the signal's reason
 */
export async function evaluate(
  { model, tokenizer, adapter }: { model: LanguageModel; tokenizer: Tokenizer; adapter: AdapterTensors | null },
  examples: readonly Example[],
  { maxLength, signal, onProgress }: EvaluationOptions,
): Promise<Evaluation> {
  const tokenized = tokenizeExamples(examples, tokenizer, { maxLength });
  const rows = await labelOutcomes({ model, adapter }, tokenized.examples, {
    maxLength,
    padId: tokenizer.padId,
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
  });
  const responseTokens = rows.reduce((count, { losses }) => count + losses.length, 0);
  if (responseTokens === 0) {
    throw new TrainingError('training-no-examples', 'no held-out token has a label to be evaluated on');
  }
  const mean = (of: 'losses' | 'hits') => rows.reduce((total, row) => total + sum(row[of]), 0) / responseTokens;
  return {
    perplexity: Math.exp(mean('losses')),
    tokenAccuracy: mean('hits'),
    examples: tokenized.examples.length,
    tokens: tokenized.examples.reduce((count, { ids }) => count + Math.max(0, ids.length - 1), 0),
    responseTokens,
    cut: tokenized.cut.examples,
    dropped: tokenized.dropped.length,
  };
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
