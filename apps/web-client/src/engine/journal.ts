import { foldEvent } from '../shared/session/fold-event.ts';
import type { SessionState } from '../shared/session/session-state.ts';
import type { EngineEvent, EventSink, LedgerEntry, Seat, TimedEvent } from './engine-api.ts';
import { type StoredSession, saveSession } from './storage/stored-sessions.ts';

/** So often the page is told, and so often the session is written down, at most. */
const TELL_EVERY_MS = 60;
const SAVE_EVERY_MS = 1000;

/** Takes the events of one sitting: folds them, tells the page in bundles, and keeps the outcome for a reload. */
export class Journal {
  #stored: StoredSession;
  readonly #seat: Seat;
  readonly #sink: EventSink;
  #untold: TimedEvent[] = [];
  #telling: ReturnType<typeof setTimeout> | null = null;
  #saving: ReturnType<typeof setTimeout> | null = null;
  #isClosed = false;

  constructor(seat: Seat, stored: StoredSession, sink: EventSink) {
    this.#seat = seat;
    this.#stored = stored;
    this.#sink = sink;
    if (stored.session.startedAt !== null) {
      this.emit({ type: 'restored', session: stored.session, ledger: stored.ledger });
    }
  }

  get session(): SessionState {
    return this.#stored.session;
  }

  get ledger(): readonly LedgerEntry[] {
    return this.#stored.ledger;
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

  /** A message to or from the coordinator. */
  write(entry: Omit<LedgerEntry, 'at'>): void {
    if (this.#isClosed) return;
    const dated = { ...entry, at: Date.now() };
    this.#stored = { ...this.#stored, ledger: [...this.#stored.ledger, dated] };
    this.emit({ type: 'ledger', entries: [dated] });
  }

  /** Tells and keeps what is left; later events are dropped. @param standing null leaves the store to another tab */
  async close(standing: StoredSession['standing'] | null): Promise<void> {
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
      await saveSession(this.#seat, this.#stored);
    } catch {
      // The client's record is what matters for going on, and its own failures are reported.
    }
  }
}
