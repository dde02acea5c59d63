import type { ClientEvent } from '@perfit/federation';
import type { EngineEvent } from '../../contract/engine-event.ts';
import type { Answered, Answering } from '../../contract/session/answers.ts';

/** A device that takes longer for a few answers is slow: there they come when somebody asks. */
const SLOW_AFTER_MS = 30_000;

interface WaitingAnswersParts {
  readonly answers: {
    readonly isAnswering: boolean;
    answer(asking: { readonly signal: AbortSignal }): Promise<Answered | null>;
  };
  readonly how: () => Answering;
  readonly tell: (event: EngineEvent) => void;
  /** Whoever else works while the client waits stands still meanwhile. */
  readonly onWorking: (isWorking: boolean) => void;
  /** A signal that aborts so many milliseconds from now. */
  readonly timeout: (milliseconds: number) => AbortSignal;
}

/**
 * [PF8] A few held-out questions, answered in the time that a client waits for others after its part of a round: each round's
 * personal module beside the base model. A round is never held up: the offer of the next one stops it within a token, and
 * what it has so far is kept for the next time.
 */
export class WaitingAnswers {
  readonly #parts: WaitingAnswersParts;
  #work: AbortController | null = null;

  constructor(parts: WaitingAnswersParts) {
    this.#parts = parts;
  }

  /** What the client's loop tells says when there is time, and when it is over. */
  follow(event: ClientEvent): void {
    switch (event.type) {
      case 'submitted':
        this.#begin(event.round);
        break;
      case 'round-started':
      case 'conclusion':
      case 'finished':
      case 'left':
        this.stop();
        break;
      case 'status':
        if (['finished', 'failed', 'stopped'].includes(event.status.state)) this.stop();
        break;
      default:
        break;
    }
  }

  get isWorking(): boolean {
    return this.#work !== null;
  }

  /** Whoever stood still goes on at once; the answer ends with its token. */
  stop(): void {
    if (!this.#work) return;
    this.#work.abort();
    this.#work = null;
    this.#parts.onWorking(false);
  }

  #begin(round: number): void {
    const { answers, how, onWorking } = this.#parts;
    const isWanted = how() === 'auto' || how() === 'on';
    // Who asks for answers at this moment gets them, and these with them.
    if (!isWanted || this.#work || answers.isAnswering) return;
    this.#work = new AbortController();
    onWorking(true);
    void this.#answer(round, this.#work);
  }

  async #answer(round: number, work: AbortController): Promise<void> {
    const { answers, how, tell, timeout } = this.#parts;
    const slow = timeout(SLOW_AFTER_MS);
    const signal = how() === 'auto' ? AbortSignal.any([work.signal, slow]) : work.signal;
    try {
      const answered = await answers.answer({ signal });
      if (answered) tell({ type: 'answers', ...answered, round });
      else if (slow.aborted && !work.signal.aborted && how() === 'auto') tell({ type: 'answering', how: 'slow' });
    } catch {
      // A model that is lost, or has no answer, is the loop's to deal with: nobody asked for these.
    }
    if (this.#work === work) this.stop();
  }
}
