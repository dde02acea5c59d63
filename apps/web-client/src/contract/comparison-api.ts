/** What the page may ask of the worker about a person's held-out examples. Types only, as in engine-api.ts. */

import type { Outcome } from './outcome.ts';
import type { ModuleOrigin } from './session/session-state.ts';

/** [PF8] An example that was never trained on; of a conversation the last question and its answer. */
export interface HeldOutExample {
  /** Empty where the example is text to be continued. */
  readonly prompt: string;
  /** What the person's text has. */
  readonly response: string;
}

export interface HeldOutExamples {
  readonly examples: readonly HeldOutExample[];
  /** How many there are; more than `examples` has where there are many. */
  readonly total: number;
}

/** A stretch of an expected answer and how surprised each model is by it: nats, summed over its tokens. */
export interface ComparedPiece {
  readonly text: string;
  /** The token that ends an answer, or another one without text. */
  readonly isControl: boolean;
  readonly base: number;
  readonly personal: number;
}

export interface ComparedExample extends HeldOutExample {
  /** Response tokens; those of all answers of a conversation. */
  readonly tokens: number;
  /** The mean negative log-likelihood of its tokens, in nats: the logarithm of its perplexity. */
  readonly base: number;
  readonly personal: number;
  /** How many of its tokens each model would have written itself, given the right ones before. */
  readonly hits: { readonly base: number; readonly personal: number };
  /** Answer by answer. */
  readonly answers: readonly (readonly ComparedPiece[])[];
}

export interface Comparison {
  /** [PF9] The personal module that was compared with the base model. */
  readonly module: ModuleOrigin;
  /** Those that the model can read, in the order of the text. */
  readonly examples: readonly ComparedExample[];
  /** Held-out examples that there are; only the first are compared where there are many. */
  readonly total: number;
}

export interface ComparisonApi {
  /** The person's held-out examples, the first of them; none outside a federation. */
  heldOutExamples(): Promise<Outcome<HeldOutExamples>>;
  /**
   * How well base and personal model expect the answers of the held-out examples. What was computed for a module is kept.
   * @param onProgress rows done, of rows @returns null where it was cancelled
   */
  compare(onProgress: (done: number, of: number) => void): Promise<Outcome<Comparison | null>>;
  cancelComparison(): Promise<Outcome<null>>;
}
