/** What the page may ask of the worker about the federations that this browser knows. Types only, as in engine-api.ts. */
import type { Outcome } from './outcome.ts';
import type { EarlierSession, RecordedConsent, Seat } from './run-api.ts';

interface KeptSeat {
  /** What its parts are kept under. */
  readonly key: string;
  /** In bytes: key aside, all that is kept of it. */
  readonly keptBytes: number;
  /** A tab is at work with it: it cannot be deleted. */
  readonly isInUse: boolean;
}

/** One participant of one federation, as this browser remembers it. */
export type HistoryEntry =
  | (KeptSeat & {
      readonly kind: 'session';
      readonly seat: Seat;
      /** The person's. */
      readonly name: string;
      /** The federation's; its id where the coordinator was never reached. */
      readonly federation: string;
      /** Who runs it, where it says so. */
      readonly host: string | null;
      readonly standing: EarlierSession['standing'];
      /** Milliseconds since 1970; null where it never got so far. */
      readonly startedAt: number | null;
      readonly endedAt: number | null;
      /** In which this client's part went in, of so many; null where that is not known. */
      readonly rounds: number;
      readonly roundsOf: number | null;
      /** Perplexity on the person's held-out examples. */
      readonly base: number | null;
      readonly tuned: number | null;
      readonly bytesUp: number;
      readonly bytesDown: number;
      readonly consent: RecordedConsent | null;
      /** A personal model is kept. */
      readonly hasModel: boolean;
    })
  /** A key, and perhaps messages, without a session: who asked to be let in and went no further. */
  | (KeptSeat & { readonly kind: 'begun'; readonly seat: Seat })
  /** Kept by another version of this page, or damaged. */
  | (KeptSeat & { readonly kind: 'unreadable' });

/** What a deletion of everything took away. */
export interface Deleted {
  readonly seats: number;
  readonly models: number;
  /** Of this site in this browser before it, as the browser reckons; null where it does not say. */
  readonly bytes: number | null;
}

export interface HistoryApi {
  /** The latest first. */
  history(): Promise<Outcome<readonly HistoryEntry[]>>;
  /** Key, text, mask, adapter and ledger of one seat. Refused (`other-tab`) while a tab is at work with it. */
  deleteFromHistory(key: string): Promise<Outcome<{ readonly canUndo: boolean }>>;
  /** Of the seat that was deleted last. Refused where it is gone (`not-found`) or taken again (`conflict`). */
  undoDeletion(key: string): Promise<Outcome<null>>;
  /** Nobody will undo anything any more. Also done for a tab that was closed, when the next one opens. */
  emptyTrash(): Promise<Outcome<null>>;
  /**
   * Everything that the worker can reach: the database, the private file system with models and exports, the caches.
   * Refused (`other-tab`) while a tab is at work with any seat. The page clears what only it can reach.
   */
  deleteEverything(): Promise<Outcome<Deleted>>;
}
