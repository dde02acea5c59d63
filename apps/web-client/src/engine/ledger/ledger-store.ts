import type { ObservedGet } from '@perfit/core';
import type { LedgerEntry as WireMessage } from '@perfit/federation';
import { sha256Hex } from '@perfit/protocol';
import type { LedgerEntry } from '../../contract/ledger-api.ts';
import type { Seat } from '../../contract/run-api.ts';
import { appendLedger, dropContents, type KeptMessage, keptContents, loadLedger } from '../storage/ledger-store.ts';
import type { OlderEntry } from '../storage/stored-sessions.ts';
import { LedgerWriter } from './ledger-writer.ts';

/** Bytes of messages that are kept of one seat; beyond it the oldest go, and their hashes stay. */
const KEPT_BYTES = 64e6;
/** So often, at most, it is written down. */
const WRITE_EVERY_MS = 1000;

interface Draft extends Omit<LedgerEntry, 'id' | 'bytes' | 'sha256'> {
  readonly id: number;
  readonly content: Uint8Array<ArrayBuffer>;
  readonly isKept: boolean;
}

interface LedgerStoreOptions {
  /** What a version of this page kept that had no store for it. */
  readonly older?: readonly OlderEntry[];
  readonly onEntry?: (entry: LedgerEntry) => void;
  readonly keptBytes?: number;
}

/** [LG1] [LG2] The ledger of one seat, as it is written: entries are added and never changed. */
export class LedgerStore {
  readonly #seat: Seat;
  readonly #onEntry: (entry: LedgerEntry) => void;
  readonly #most: number;
  readonly #clerk: LedgerWriter;
  readonly #entries: LedgerEntry[];
  /** Whose bytes are kept, the oldest first. */
  #kept: { readonly id: number; readonly bytes: number }[];
  #unwritten: KeptMessage[] = [];
  #lastId: number;
  #writing: ReturnType<typeof setTimeout> | null = null;
  /** Of what is hashed and written: one after the other. */
  #done: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(
    seat: Seat,
    past: { entries: readonly LedgerEntry[]; kept: readonly number[] },
    { onEntry = () => {}, keptBytes = KEPT_BYTES }: LedgerStoreOptions,
  ) {
    this.#seat = seat;
    this.#onEntry = onEntry;
    this.#most = keptBytes;
    this.#entries = [...past.entries];
    const sizes = new Map(past.entries.map(({ id, bytes }) => [id, bytes]));
    this.#kept = past.kept.map((id) => ({ id, bytes: sizes.get(id) ?? 0 }));
    this.#lastId = past.entries.at(-1)?.id ?? 0;
    this.#clerk = new LedgerWriter(past.entries);
  }

  /** Of a browser that keeps nothing it is empty. */
  static async open(seat: Seat, options: LedgerStoreOptions = {}): Promise<LedgerStore> {
    const [entries, kept] = await Promise.all([loadLedger(seat), keptContents(seat)]).catch(() => [[], []]);
    const { older = [] } = options;
    if (entries.length > 0 || older.length === 0) return new LedgerStore(seat, { entries, kept }, options);
    const taken = older.map(fromOlder);
    const book = new LedgerStore(seat, { entries: taken, kept }, options);
    book.#unwritten = taken.map((entry) => ({ entry, content: null }));
    await book.settle();
    return book;
  }

  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  /** A message to or from the coordinator. */
  write(message: WireMessage): void {
    const { direction, kind, content, jsonLength: textBytes, at } = message;
    const id = this.#nextId(at);
    this.#add({ id, at, direction, kind, content, textBytes, ...this.#clerk.file(id, message), isKept: true });
  }

  /** A file of a model, which the browser keeps in parts of its own: here its hash is enough. */
  writeFetch({ url, headers, answer }: ObservedGet): void {
    const { pathname, search } = new URL(url);
    const { range } = headers;
    const at = Date.now();
    const shared = {
      id: this.#nextId(at),
      at,
      kind: 'fetch',
      name: `${pathname}${search}`,
      round: null,
      transfer: null,
    };
    if (answer) {
      const content = answer.bytes;
      this.#add({ ...shared, direction: 'down', content, textBytes: 0, isKept: false });
      return;
    }
    const content = new TextEncoder().encode(`GET ${pathname}${search}\n${range ? `Range: ${range}\n` : ''}`);
    this.#add({ ...shared, direction: 'up', content, textBytes: content.length, isKept: true });
  }

  /** Ends when all that was written so far is hashed and kept, as far as there is room. */
  async settle(): Promise<void> {
    if (this.#writing) clearTimeout(this.#writing);
    this.#writing = null;
    this.#done = this.#done.then(() => this.#keep());
    await this.#done;
  }

  /** What comes later is not written. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.settle();
  }

  /** The browser was made to forget it: what is in memory is kept again, and the bytes are gone. */
  async putBack(): Promise<void> {
    this.#kept = [];
    this.#unwritten = this.#entries.map((entry) => ({ entry, content: null }));
    await this.settle();
  }

  #add({ content, isKept, ...draft }: Draft): void {
    if (this.#isClosed) return;
    // Begun at once: whoever has the bytes may change them afterwards.
    const hashing = sha256Hex(content);
    this.#done = this.#done.then(async () => {
      const entry: LedgerEntry = { ...draft, bytes: content.length, sha256: await hashing };
      this.#entries.push(entry);
      this.#unwritten.push({ entry, content: isKept ? content : null });
      this.#onEntry(entry);
      if (!this.#isClosed) this.#writing ??= setTimeout(() => void this.settle(), WRITE_EVERY_MS);
    });
  }

  async #keep(): Promise<void> {
    const messages = this.#unwritten;
    if (messages.length === 0) return;
    this.#unwritten = [];
    try {
      await this.#append(messages);
    } catch {
      await this.#appendWithoutBytes(messages);
    }
  }

  async #append(messages: readonly KeptMessage[]): Promise<void> {
    const kept = [...this.#kept];
    for (const { entry, content } of messages) if (content) kept.push({ id: entry.id, bytes: entry.bytes });
    const dropped = this.#beyond(kept, this.#most);
    const gone = new Set(dropped);
    const taken = messages.map(({ entry, content }) => ({ entry, content: gone.has(entry.id) ? null : content }));
    await appendLedger(this.#seat, taken, dropped);
    this.#kept = kept.slice(dropped.length);
  }

  /** The disk is full, or the browser keeps nothing: the half of what is kept makes room, and a hash is small. */
  async #appendWithoutBytes(messages: readonly KeptMessage[]): Promise<void> {
    const entries = messages.map(({ entry }) => ({ entry, content: null }));
    const total = this.#kept.reduce((sum, { bytes }) => sum + bytes, 0);
    const dropped = this.#beyond(this.#kept, total / 2);
    try {
      if (dropped.length > 0) await dropContents(this.#seat, dropped);
      this.#kept = this.#kept.slice(dropped.length);
      await appendLedger(this.#seat, entries, []);
    } catch {
      // Tried again with what comes next.
      this.#unwritten = [...entries, ...this.#unwritten];
    }
  }

  /** Ids of the oldest that have no room in `most` bytes. */
  #beyond(kept: readonly { readonly id: number; readonly bytes: number }[], most: number): number[] {
    let total = kept.reduce((sum, { bytes }) => sum + bytes, 0);
    let count = 0;
    while (total > most && count < kept.length) total -= kept[count++]?.bytes ?? 0;
    return kept.slice(0, count).map(({ id }) => id);
  }

  /** By the clock, so that what two tabs write of one seat does not meet. */
  #nextId(at: number): number {
    this.#lastId = Math.max(this.#lastId + 1, 1000 * at);
    return this.#lastId;
  }
}

function fromOlder(entry: OlderEntry, i: number): LedgerEntry {
  return { ...entry, id: 1000 * entry.at + i, sha256: null, textBytes: 0, round: null, transfer: null };
}
