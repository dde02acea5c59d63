import {
  AdapterTensors,
  type Example,
  labelOutcomes,
  type ResponsePiece,
  responsePieces,
  type TokenizedDataset,
  type TokenOutcomes,
  tokenizeExamples,
} from '@perfit/core';
import type {
  ComparedExample,
  ComparedPiece,
  Comparison,
  ComparisonApi,
  HeldOutExamples,
} from '../../contract/comparison-api.ts';
import { FailureError } from '../../contract/failure.ts';
import { outcomeOf, whenDone } from '../failures.ts';
import { partsOf } from '../text/local-data.ts';
import { type ModelHost, originOf, type PersonalWork } from './model-host.ts';

/** More are neither computed nor listed: a page of text shows enough, and each takes its time. */
const MAX_EXAMPLES = 100;

/** Of the text and the base model that were compared last. */
interface Measured {
  readonly of: PersonalWork['heldOut'];
  readonly model: PersonalWork['model'];
  readonly tokenized: TokenizedDataset;
  /** By row. */
  readonly base: readonly TokenOutcomes[];
}

/** Base and personal model on a person's held-out examples, one by one. See {@link ComparisonApi}. */
export class ComparisonService {
  readonly #modelHost: ModelHost;
  #running: AbortController | null = null;
  /** Of the last call: two would only slow each other down. */
  #ended: Promise<unknown> = Promise.resolve();
  #measured: Measured | null = null;
  #latest: { readonly theta: Float32Array; readonly comparison: Comparison } | null = null;

  constructor(modelHost: ModelHost) {
    this.#modelHost = modelHost;
  }

  heldOut(): HeldOutExamples {
    const examples = this.#modelHost.heldOut?.examples ?? [];
    return { examples: examples.slice(0, MAX_EXAMPLES).map(shown), total: examples.length };
  }

  /** Ends the one that runs, if any. @returns null where it was cancelled */
  async compare(onProgress: (done: number, of: number) => void): Promise<Comparison | null> {
    this.cancel();
    const mine = new AbortController();
    this.#running = mine;
    const comparing = this.#ended.then(() => this.#compare(onProgress, mine.signal));
    this.#ended = comparing.catch(() => {});
    try {
      return await comparing;
    } catch (error) {
      if (mine.signal.aborted) return null;
      throw error;
    } finally {
      if (this.#running === mine) this.#running = null;
    }
  }

  cancel(): void {
    this.#running?.abort();
  }

  /** @throws FailureError `not-ready`, the signal's reason */
  async #compare(onProgress: (done: number, of: number) => void, signal: AbortSignal): Promise<Comparison> {
    signal.throwIfAborted();
    const work = this.#modelHost.personalWork();
    const { model, tokenizer, layout, module, heldOut } = work;
    const { maxLength } = heldOut;
    if (this.#latest?.theta === module.theta && this.#measured?.of === heldOut) return this.#latest.comparison;
    const known = this.#measured?.of === heldOut && this.#measured.model === model ? this.#measured : null;
    const tokenized =
      known?.tokenized ?? tokenizeExamples(heldOut.examples.slice(0, MAX_EXAMPLES), tokenizer, { maxLength });
    const rows = tokenized.examples;
    if (rows.length === 0) {
      throw new FailureError({
        code: 'data-no-examples',
        message: 'The model can read none of the held-out examples.',
      });
    }
    const all = known ? rows.length : 2 * rows.length;
    let before = 0;
    const measure = (adapter: AdapterTensors | null) =>
      labelOutcomes({ model, adapter }, rows, {
        maxLength,
        padId: tokenizer.padId,
        signal,
        onProgress: (done) => onProgress(before + done, all),
      });
    onProgress(0, all);
    const base = known?.base ?? (await measure(null));
    this.#measured = { of: heldOut, model, tokenized, base };
    before = all - rows.length;
    const adapter = AdapterTensors.fromTheta(layout, module.theta);
    try {
      const personal = await measure(adapter);
      const examples = heldOut.examples.slice(0, MAX_EXAMPLES).flatMap((example, index): ComparedExample[] => {
        const mine = rows.flatMap((row, i) => {
          if (tokenized.sources[i] !== index) return [];
          const outcomes = { base: base[i] as TokenOutcomes, personal: personal[i] as TokenOutcomes };
          return [{ outcomes, answers: responsePieces(row, tokenizer) }];
        });
        const tokens = mine.reduce((count, { outcomes }) => count + outcomes.base.losses.length, 0);
        if (tokens === 0) return [];
        const total = (which: 'base' | 'personal', of: keyof TokenOutcomes) =>
          mine.reduce((all, { outcomes }) => all + sum(outcomes[which][of]), 0);
        const answers = mine.flatMap(({ outcomes, answers }) =>
          answers.map((pieces) => pieces.map(withLosses(outcomes))),
        );
        const losses = { base: total('base', 'losses') / tokens, personal: total('personal', 'losses') / tokens };
        const hits = { base: total('base', 'hits'), personal: total('personal', 'hits') };
        return [{ ...shown(example), tokens, ...losses, hits, answers }];
      });
      const comparison = { module: originOf(module), examples, total: heldOut.examples.length };
      this.#latest = { theta: module.theta, comparison };
      return comparison;
    } finally {
      adapter.dispose();
    }
  }
}

function shown(example: Example) {
  const { prompt, response } = partsOf(example);
  return { prompt, response };
}

function withLosses({ base, personal }: { readonly base: TokenOutcomes; readonly personal: TokenOutcomes }) {
  return ({ text, isControl, from, to }: ResponsePiece): ComparedPiece => ({
    text,
    isControl,
    base: sum(base.losses.subarray(from, to)),
    personal: sum(personal.losses.subarray(from, to)),
  });
}

function sum(values: Float32Array | Uint8Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

export function comparisonApi(service: ComparisonService): ComparisonApi {
  return {
    heldOutExamples: () => outcomeOf(() => service.heldOut()),
    compare: (onProgress) => outcomeOf(() => service.compare(onProgress)),
    cancelComparison: () => whenDone(() => service.cancel()),
  };
}
