import type { SessionRecord } from '@perfit/protocol';
import type { EventSink } from '../../contract/engine-event.ts';
import { FailureError } from '../../contract/failure.ts';
import type { JoinOptions, RunApi, Seat } from '../../contract/run-api.ts';
import type { Answered } from '../../contract/session/answers.ts';
import { emptySession } from '../../contract/session/session-state.ts';
import type { Backend } from '../device/backend.ts';
import { outcomeOf, whenDone } from '../failures.ts';
import type { LedgerStore } from '../ledger/ledger-store.ts';
import type { AnswerService } from '../models/answer-service.ts';
import type { ModelHost } from '../models/model-host.ts';
import { forgetSeat, keyOf } from '../storage/database.ts';
import { asEarlier, loadSession, type StoredSession } from '../storage/stored-sessions.ts';
import { filesToKeep } from '../text/local-data.ts';
import { checkInvite } from './check-invite.ts';
import { ClientRun, type RunEnd } from './client-run.ts';
import { Journal } from './journal.ts';
import { recordOfSession } from './record-of-session.ts';
import { reopenSession } from './reopen-session.ts';
import { lockSeat, type SeatLock } from './seat-lock.ts';

interface DeskOptions {
  readonly backend: Backend;
  readonly modelHost: ModelHost;
  readonly answers: AnswerService;
  /** The device is needed. */
  readonly onStart: () => void;
}

/**
 * Taking part, one run at a time. A run has its seat's lock and a journal from its start to its end; the next one waits for
 * that, and the journal stays to be read until then.
 */
export class RunService {
  readonly #options: DeskOptions;
  #run: ClientRun | null = null;
  /** The latest run's, also after its end. */
  #journal: Journal | null = null;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  get isUnderWay(): boolean {
    return this.#run !== null;
  }

  /** Settles when nobody is at work in this tab any more. */
  ended(): Promise<unknown> {
    return this.#ended;
  }

  /** What a seat's run in this tab writes, or the latest one wrote. */
  ledgerOf(seat: Seat): LedgerStore | null {
    return this.#journal && keyOf(this.#journal.seat) === keyOf(seat) ? this.#journal.ledger : null;
  }

  record(): SessionRecord | null {
    return this.#journal && recordOfSession(this.#journal.session, this.#journal.ledger.entries, Date.now());
  }

  async join(options: JoinOptions, sink: EventSink): Promise<'finished' | 'left'> {
    const { seat, takeOver = false } = options;
    return this.#start(seat, await newSession(options), { sink, takeOver });
  }

  async resume(
    seat: Seat,
    { takeOver, compare }: { takeOver: boolean; compare?: boolean },
    sink: EventSink,
  ): Promise<'finished' | 'left'> {
    const stored = await rememberedSession(seat);
    const options = compare === undefined ? stored.options : { ...stored.options, compare };
    return this.#start(seat, { ...stored, options }, { sink, takeOver });
  }

  async reopen(seat: Seat, sink: EventSink): Promise<void> {
    await this.#ended;
    const stored = await rememberedSession(seat);
    const journal = await Journal.open(seat, stored, sink);
    this.#journal = journal;
    try {
      await reopenSession(stored, { ...this.#options, journal });
    } finally {
      await journal.close(null);
    }
  }

  async setPaused(isPaused: boolean): Promise<void> {
    this.#run?.setPaused(isPaused);
    await this.#journal?.keep();
  }

  async setCompared(isWanted: boolean): Promise<void> {
    this.#run?.setCompared(isWanted);
    await this.#journal?.keep();
  }

  async setAnswering(isWanted: boolean): Promise<void> {
    this.#run?.setAnswering(isWanted);
    await this.#journal?.keep();
  }

  /** What the page asked for stands beside what came of itself, where a run is under way. */
  noteAnswers(answered: Answered): void {
    this.#run?.journal.emit({ type: 'answers', ...answered });
  }

  async leave(why: 'asked' | 'moved'): Promise<void> {
    this.#run?.stop(why === 'asked' ? 'left' : 'moved');
    await this.#ended;
  }

  async forget(seat: Seat): Promise<void> {
    await this.#ended;
    await forgetSeat(keyOf(seat));
  }

  async #start(
    seat: Seat,
    stored: StoredSession,
    { sink, takeOver }: { sink: EventSink; takeOver: boolean },
  ): Promise<'finished' | 'left'> {
    const { backend, modelHost, answers, onStart } = this.#options;
    await this.#ended;
    onStart();
    const lock = await lockSeat(seat, takeOver);
    if (!lock) throw inOtherTab();
    const { options, consent } = stored;
    const journal = await Journal.open(seat, { ...stored, standing: 'running' }, sink);
    const run = new ClientRun({ seat, options, consent, journal, backend, modelHost, answers });
    lock.onTaken(() => run.stop('replaced'));
    this.#run = run;
    this.#journal = journal;
    const running = this.#follow(run, lock);
    this.#ended = running.catch(() => {});
    return running;
  }

  /** Until the run is over, what it has is kept, and its seat is free. */
  async #follow(run: ClientRun, lock: SeatLock): Promise<'finished' | 'left'> {
    let standing: StoredSession['standing'] | null = 'left';
    try {
      await run.journal.keep();
      const end = await run.run();
      standing = standingAfter(end);
      return end === 'finished' ? 'finished' : 'left';
    } catch (error) {
      // The federation may be over while this client was away: what it has stays of use.
      if (error instanceof FailureError && error.failure.code === 'federation-ended') standing = 'finished';
      throw error;
    } finally {
      await run.journal.close(standing);
      lock.release();
      if (this.#run === run) this.#run = null;
    }
  }
}

export function runApi(service: RunService): RunApi {
  return {
    checkInvite: (seat, invite) => whenDone(() => checkInvite(seat, invite)),
    earlier: (seat) =>
      outcomeOf(async () => {
        const stored = await loadSession(seat);
        return stored ? asEarlier(stored) : null;
      }),
    forget: (seat) => whenDone(() => service.forget(seat)),
    join: (options, sink) => outcomeOf(() => service.join(options, sink)),
    resume: (seat, options, sink) => outcomeOf(() => service.resume(seat, options, sink)),
    reopen: (seat, sink) => whenDone(() => service.reopen(seat, sink)),
    setPaused: (isPaused) => whenDone(() => service.setPaused(isPaused)),
    setCompared: (isWanted) => whenDone(() => service.setCompared(isWanted)),
    setAnswering: (isWanted) => whenDone(() => service.setAnswering(isWanted)),
    leave: (why) => whenDone(() => service.leave(why)),
    session: () => outcomeOf(() => service.record()),
  };
}

async function newSession(options: JoinOptions): Promise<StoredSession> {
  const { seat, takeOver, dataset, consent, ...kept } = options;
  return {
    options: { ...kept, dataset: { ...dataset, files: await filesToKeep(dataset.files) } },
    ...(consent ? { consent } : {}),
    standing: 'running',
    session: emptySession,
  };
}

/** @throws FailureError `not-ready` */
async function rememberedSession(seat: Seat): Promise<StoredSession> {
  const stored = await loadSession(seat);
  if (stored) return stored;
  throw new FailureError({ code: 'not-ready', message: 'This browser remembers nothing of this federation.' });
}

function inOtherTab(): FailureError {
  return new FailureError({
    code: 'other-tab',
    message: 'Go on there, or take over: then it goes on here where it is, and the other tab stops.',
  });
}

/** What a reload finds; null where the store belongs to another tab by now. */
function standingAfter(end: RunEnd): StoredSession['standing'] | null {
  switch (end) {
    case 'finished':
      return 'finished';
    case 'left':
      return 'left';
    case 'moved':
      return 'running';
    case 'replaced':
      return null;
  }
}
