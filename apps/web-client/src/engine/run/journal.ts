import type { ModelDimensions } from '@perfit/protocol/space';
import type { EngineEvent, EventSink, TimedEvent } from '../../contract/engine-event.ts';
import type { Seat } from '../../contract/run-api.ts';
import { foldEvent } from '../../contract/session/fold-event.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import { LedgerStore } from '../ledger/ledger-store.ts';
import { type StoredSession, saveSession } from '../storage/stored-sessions.ts';

/** So often the page is told, and so often the session is written down, at most. */
const TELL_EVERY_MS = 60;
const SAVE_EVERY_MS = 1000;

/** Takes the events of one run: folds them, tells the page in bundles, and keeps the outcome for a reload. */
export class Journal {
  readonly ledger: LedgerStore;
  readonly seat: Seat;
  #stored: StoredSession;
  readonly #sink: EventSink;
  #untold: TimedEvent[] = [];
  #telling: ReturnType<typeof setTimeout> | null = null;
  #saving: ReturnType<typeof setTimeout> | null = null;
  #isClosed = false;

  private constructor(seat: Seat, { ledger: older, ...stored }: StoredSession, open: OpenBook) {
    this.seat = seat;
    this.#stored = stored;
    this.#sink = open.sink;
    this.ledger = open.book;
    const entries = [...open.book.entries];
    if (stored.session.startedAt !== null) this.emit({ type: 'restored', session: stored.session, ledger: entries });
    else if (entries.length > 0) this.emit({ type: 'ledger', entries });
  }

  static async open(seat: Seat, stored: StoredSession, sink: EventSink): Promise<Journal> {
    let journal: Journal | null = null;
    const book = await LedgerStore.open(seat, {
      ...(stored.ledger ? { older: stored.ledger } : {}),
      onEntry: (entry) => journal?.emit({ type: 'ledger', entries: [entry] }),
    });
    journal = new Journal(seat, stored, { book, sink });
    return journal;
  }

  get session(): SessionState {
    return this.#stored.session;
  }

  /** What the layout follows from, for whoever reads the ledger later. */
  noteDimensions(dimensions: ModelDimensions): void {
    this.#stored = { ...this.#stored, dimensions };
  }

  /** A tab that comes back goes on to compare, or not to. */
  noteCompared(isWanted: boolean): void {
    const { options } = this.#stored;
    this.#stored = { ...this.#stored, options: { ...options, compare: isWanted } };
    this.emit({ type: 'compare', isWanted });
  }

  /** Keeps what there is now: a tab may be gone within its first second. */
  async keep(): Promise<void> {
    await this.#save();
  }

  emit(event: EngineEvent): void {
    if (this.#isClosed) return;
    const timed = { at: Date.now(), event };
    this.#stored = { ...this.#stored, session: foldEvent(this.#stored.session, timed) };
    this.#untold.push(timed);
    this.#telling ??= setTimeout(() => this.#tell(), TELL_EVERY_MS);
    this.#saving ??= setTimeout(() => void this.#save(), SAVE_EVERY_MS);
  }

  /** Tells and keeps what is left; later events are dropped. @param standing null leaves the session to another tab */
  async close(standing: StoredSession['standing'] | null): Promise<void> {
    await this.ledger.close();
    this.#tell();
    this.#isClosed = true;
    if (this.#saving) clearTimeout(this.#saving);
    if (standing === null) return;
    this.#stored = { ...this.#stored, standing };
    await this.#save();
  }

  #tell(): void {
    if (this.#telling) clearTimeout(this.#telling);
    this.#telling = null;
    const events = this.#untold;
    this.#untold = [];
    // The page may have gone: nobody is there to hear of it.
    if (events.length) void Promise.resolve(this.#sink(events)).catch(() => {});
  }

  async #save(): Promise<void> {
    this.#saving = null;
    try {
      await saveSession(this.seat, this.#stored);
    } catch {
      // The client's record is what matters for going on, and its own failures are reported.
    }
  }
}

interface OpenBook {
  readonly book: LedgerStore;
  readonly sink: EventSink;
}
