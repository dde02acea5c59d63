/** What the page may ask of the worker about what left and came. Types only, as in engine-api.ts. */
import type { ClientEvent } from '@perfit/federation';
import type { Failure } from './failure.ts';
import type { Outcome } from './outcome.ts';
import type { Seat } from './run-api.ts';

/** What is too large for one message, and goes or comes in pieces. */
export type TransferKind = Extract<ClientEvent, { type: 'transfer' }>['kind'];

/** The upload or download that a message belongs to. */
export interface TransferPart {
  /** The entry that began it. */
  readonly of: number;
  readonly what: TransferKind;
  /** Of all its bytes, as the sender says it, and how many they are; null while a download has not begun to come. */
  readonly sha256: string | null;
  readonly total: number | null;
  /** Where the message's binary belongs in it; null where it carries none. */
  readonly offset: number | null;
}

/**
 * [LG1] One message as it left or came: what is hashed is its JSON in UTF-8 and, behind it, its binaries as they are.
 * Of what is fetched from a web address the request's line and range, and the answer's body.
 */
export interface LedgerEntry {
  /** Ascending in time. */
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly direction: 'up' | 'down';
  /** The message's name in the protocol; `fetch` for what is fetched from a web address. */
  readonly kind: string;
  readonly bytes: number;
  /** In hex; null where an earlier version of this page wrote no hashes. */
  readonly sha256: string | null;
  /** So many of the bytes are text; the others are binary. */
  readonly textBytes: number;
  /** The round that it belongs to, or the latest of that time; null before the first. */
  readonly round: number | null;
  readonly transfer: TransferPart | null;
  /** The web address, without its host. */
  readonly name?: string;
}

/** What a message said; null where its bytes are no longer kept. */
interface LedgerContent {
  readonly bytes: Uint8Array<ArrayBuffer> | null;
}

/** Of one adapted module of one layer. */
export interface ModuleView {
  readonly layer: number;
  readonly module: string;
  /** Positions that it has. */
  readonly size: number;
  /** Those that the mask keeps: so many values there are. */
  readonly count: number;
  /** L2, and the largest magnitude; 0 where there are no values, null where the message is a mask. */
  readonly norm: number | null;
  readonly largest: number | null;
}

/** How many values lie in each of equally wide ranges. */
export interface Histogram {
  readonly from: number;
  readonly to: number;
  /** What lies beyond is counted in the first and the last. */
  readonly counts: readonly number[];
}

/** What the bytes of an upload or download say, decoded from just these bytes. */
export interface TransferView {
  /** Null where it is a mask. */
  readonly dtype: 'f32' | 'f16' | 'int8' | null;
  /** Values, or positions that a mask keeps. */
  readonly count: number;
  /** N; null where nobody here knows what the values belong to. */
  readonly size: number | null;
  /** Of all values; null where it is a mask. */
  readonly norm: number | null;
  readonly largest: number | null;
  readonly histogram: Histogram | null;
  /** In the layout's order; none where nobody here knows what the values belong to. */
  readonly modules: readonly ModuleView[];
}

export interface TransferReport {
  readonly what: TransferKind;
  readonly round: number | null;
  /** As they went or came, put together; null where pieces of them are no longer kept, or never came. */
  readonly bytes: Uint8Array<ArrayBuffer> | null;
  /** SHA-256 of these bytes, reckoned now. */
  readonly sha256: string | null;
  /** As it was announced; null where nothing has come. */
  readonly announced: string | null;
  readonly view: TransferView | null;
  /** Why there is no view of bytes that are here. */
  readonly failure: Failure | null;
}

export interface LedgerCheck {
  readonly entries: number;
  /** Those whose bytes are kept; only these can be checked. */
  readonly checked: number;
  /** Ids of those whose bytes have another hash than was written down. */
  readonly wrong: readonly number[];
}

export interface LedgerApi {
  /** All that this browser knows of what a seat sent and received. */
  ledger(seat: Seat): Promise<Outcome<readonly LedgerEntry[]>>;
  ledgerContent(seat: Seat, id: number): Promise<Outcome<LedgerContent>>;
  /** @param id the entry that began it */
  ledgerTransfer(seat: Seat, id: number): Promise<Outcome<TransferReport>>;
  /** Hashes all that is kept, and compares. @param onProgress entries done */
  verifyLedger(seat: Seat, onProgress: (done: number) => void): Promise<Outcome<LedgerCheck>>;
}
