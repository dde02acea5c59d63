import {
  AdapterTensors,
  answerQuestion,
  Conversation,
  type GivenAnswer,
  type Question,
  questionOf,
} from '@perfit/core';
import type { AnswersApi } from '../../contract/answers-api.ts';
import type { Answered } from '../../contract/session/answers.ts';
import { outcomeOf, whenDone } from '../failures.ts';
import { partsOf } from '../text/local-data.ts';
import { type ModelHost, originOf, type PersonalWork } from './model-host.ts';

/** So many held-out questions, each answered in so many tokens at most: some seconds on most devices. */
const QUESTIONS = 3;
const MAX_TOKENS = 48;

/** By example; null where the model cannot be asked. */
type Given = Map<number, GivenAnswer | null>;

/** What was answered already, also by a run that was stopped. */
interface Known {
  readonly of: PersonalWork['heldOut'];
  readonly model: PersonalWork['model'];
  readonly base: Given;
  readonly theta: Float32Array;
  readonly personal: Given;
}

interface Asking {
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, of: number) => void;
}

/** Base and personal model on a few held-out questions. See {@link AnswersApi}. */
export class AnswerService {
  readonly #modelHost: ModelHost;
  #running: AbortController | null = null;
  /** Of the last call: two would only slow each other down. */
  #ended: Promise<unknown> = Promise.resolve();
  #known: Known | null = null;

  constructor(modelHost: ModelHost) {
    this.#modelHost = modelHost;
  }

  get isAnswering(): boolean {
    return this.#running !== null;
  }

  /** Ends the one that runs, if any. @returns null where it was stopped @throws FailureError `not-ready` */
  async answer({ signal, onProgress = () => {} }: Asking): Promise<Answered | null> {
    this.#running?.abort();
    const mine = new AbortController();
    this.#running = mine;
    const either = AbortSignal.any([signal, mine.signal]);
    const answering = this.#ended.then(() => this.#answer(onProgress, either));
    this.#ended = answering.catch(() => {});
    try {
      return await answering;
    } catch (error) {
      if (either.aborted) return null;
      throw error;
    } finally {
      if (this.#running === mine) this.#running = null;
    }
  }

  /** @throws the signal's reason */
  async #answer(onProgress: (done: number, of: number) => void, signal: AbortSignal): Promise<Answered> {
    signal.throwIfAborted();
    const { model, tokenizer, layout, module, heldOut } = this.#modelHost.personalWork();
    const { base, personal } = this.#recall({ model, heldOut, module });
    const asked = heldOut.examples.flatMap((example, at) => {
      const question = questionOf(example);
      return question ? [{ at, example, question }] : [];
    });
    const of = 2 * Math.min(QUESTIONS, asked.length);
    const given = () => Math.min(of, countGiven(base) + countGiven(personal));
    const speak = async (adapter: AdapterTensors | null, known: Given, questions: readonly Asked[]) => {
      const conversation = new Conversation({ model, adapter, tokenizer });
      try {
        for (const { at, question } of questions) {
          if (countGiven(known) === QUESTIONS) break;
          if (known.has(at)) continue;
          known.set(at, await answerQuestion(conversation, question, { maxTokens: MAX_TOKENS, signal }));
          onProgress(given(), of);
        }
      } finally {
        conversation.dispose();
      }
    };
    onProgress(given(), of);
    await speak(null, base, asked);
    const chosen = asked.filter(({ at }) => base.get(at)).slice(0, QUESTIONS);
    const adapter = AdapterTensors.fromTheta(layout, module.theta);
    try {
      await speak(adapter, personal, chosen);
    } finally {
      adapter.dispose();
    }
    return {
      round: module.round,
      module: originOf(module),
      questions: chosen.map(({ at, example, question }) => ({
        prompt: partsOf(example).prompt,
        expected: question.expected,
        base: base.get(at) as GivenAnswer,
      })),
      answers: chosen.map(({ at }) => personal.get(at) as GivenAnswer),
    };
  }

  /** What of the last answers is still theirs. */
  #recall({ model, heldOut, module }: Pick<PersonalWork, 'model' | 'heldOut' | 'module'>): Known {
    const { theta } = module;
    const last = this.#known?.of === heldOut && this.#known.model === model ? this.#known : null;
    const base = last?.base ?? new Map();
    const personal = last?.theta === theta ? last.personal : new Map();
    this.#known = { of: heldOut, model, base, theta, personal };
    return this.#known;
  }
}

interface Asked {
  readonly at: number;
  readonly question: Question;
}

function countGiven(given: Given): number {
  let count = 0;
  for (const answer of given.values()) if (answer) count++;
  return count;
}

/** @param onAnswered told of what the page asked for */
export function answersApi(service: AnswerService, onAnswered: (answered: Answered) => void): AnswersApi {
  let asked = new AbortController();
  return {
    answerQuestions: (onProgress) =>
      outcomeOf(async () => {
        asked = new AbortController();
        const answered = await service.answer({ signal: asked.signal, onProgress });
        if (answered) onAnswered(answered);
        return answered;
      }),
    // What answers while the client waits goes on, whichever view of the page is open.
    cancelAnswers: () => whenDone(() => asked.abort()),
  };
}
