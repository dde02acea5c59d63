import type { Choices } from '@perfit/core';
import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from 'idb';
import { FailureError } from '../../contract/failure.ts';
import type { LedgerEntry } from '../../contract/ledger-api.ts';
import type { Seat } from '../../contract/run-api.ts';
import type { CachedModel } from '../models/cached-models.ts';
import type { StoredSession } from './stored-sessions.ts';

interface PerfitDatabase extends DBSchema {
  /** [HS2] By seat. The private halves cannot be read out, by nobody. */
  keys: { key: string; value: CryptoKeyPair };
  /** Heads of client records, by seat; of one piece where an earlier version wrote them. */
  records: { key: string; value: Uint8Array };
  /** By seat and hash. */
  recordParts: { key: [string, string]; value: Uint8Array };
  sessions: { key: string; value: StoredSession };
  /** By seat and id. */
  ledger: { key: [string, number]; value: LedgerEntry };
  /** What the entries are of, as far as there is room. */
  ledgerBytes: { key: [string, number]; value: Uint8Array<ArrayBuffer> };
  /** The fastest tiles of our products, by graphics adapter. */
  tiles: { key: string; value: Choices };
  models: { key: string; value: CachedModel };
  /** Hashes of parts for which nobody names one, by model, file and part. */
  modelParts: { key: string; value: string };
  /** What was deleted of a seat and can be put back, by seat. */
  trash: { key: string; value: readonly DiscardedRow[] };
}

/** What a store of seats had. */
export interface DiscardedRow {
  readonly store: SeatStore;
  readonly key: IDBValidKey;
  readonly value: unknown;
}

const DATABASE = 'perfit';
const stores = [
  'keys',
  'records',
  'recordParts',
  'sessions',
  'ledger',
  'ledgerBytes',
  'tiles',
  'models',
  'modelParts',
  'trash',
] as const;
/** Of a seat, by its key. */
export const seatStores = ['keys', 'records', 'sessions'] as const;
/** Of a seat, by its key and a number, or a hash. */
export const seatRangeStores = ['ledger', 'ledgerBytes', 'recordParts'] as const;
type SeatStore = (typeof seatStores)[number] | (typeof seatRangeStores)[number];

/** Told where the person, or the browser, has deleted all that was kept, under the eyes of this page. */
const clearedListeners = new Set<() => void>();

/** @returns a function that ends the subscription */
export function onStorageCleared(listener: () => void): () => void {
  clearedListeners.add(listener);
  return () => clearedListeners.delete(listener);
}

function tellCleared(): void {
  opening = null;
  for (const listener of [...clearedListeners]) listener();
}

let opening: Promise<IDBPDatabase<PerfitDatabase>> | null = null;

/** What this browser keeps for the site. @throws FailureError `storage-unavailable`, as in some private windows */
export function database(): Promise<IDBPDatabase<PerfitDatabase>> {
  opening ??= opened().catch((cause) => {
    opening = null;
    throw new FailureError({
      code: 'storage-unavailable',
      message: `This browser lets the page keep nothing (${String(cause)}). Use an ordinary window instead of a private one.`,
    });
  });
  return opening;
}

/** Whoever opens it while it is being deleted is turned away, and is let in after that. */
async function opened(attempts = 5): Promise<IDBPDatabase<PerfitDatabase>> {
  try {
    return await open();
  } catch (error) {
    const isTurnedAway = error instanceof DOMException && error.name === 'AbortError';
    if (!isTurnedAway || attempts <= 1) throw error;
    return opened(attempts - 1);
  }
}

function open(): Promise<IDBPDatabase<PerfitDatabase>> {
  return openDB<PerfitDatabase>(DATABASE, 6, {
    upgrade: (db) => {
      for (const store of stores) if (!db.objectStoreNames.contains(store)) db.createObjectStore(store);
    },
    // A newer version of this page in another tab must be able to change the database, and anybody to delete it.
    blocking: (_, wanted, event) => {
      (event.target as IDBDatabase).close();
      if (wanted === null) tellCleared();
    },
    terminated: tellCleared,
  });
}

export function keyOf({ federation, as }: Seat): string {
  return `${federation}/${as}`;
}

/** All that has the seat's key and something behind it. */
export function ofSeat(key: string): IDBKeyRange {
  return IDBKeyRange.bound([key], [key, []]);
}

/** Key, record, session and ledger of a seat: gone for good. @param key {@link keyOf} the seat */
export async function forgetSeat(key: string): Promise<void> {
  const transaction = (await database()).transaction([...seatStores, ...seatRangeStores], 'readwrite');
  await Promise.all([...deletionsOf(key, (store) => transaction.objectStore(store)), transaction.done]);
}

/** Of everything of a seat, in the course of a transaction. @param storeOf a store in that transaction */
export function deletionsOf(
  key: string,
  storeOf: (name: SeatStore) => { delete(key: string | IDBKeyRange): Promise<void> },
): Promise<void>[] {
  return [
    ...seatStores.map((store) => storeOf(store).delete(key)),
    ...seatRangeStores.map((store) => storeOf(store).delete(ofSeat(key))),
  ];
}

/** Keys of the seats that anything is kept of. */
export async function seatKeys(): Promise<string[]> {
  const db = await database();
  const keys = await Promise.all(seatStores.map((store) => db.getAllKeys(store)));
  const ledgers = await db.getAllKeys('ledger');
  return [...new Set([...keys.flat(), ...ledgers.map(([key]) => key)])].map(String).sort();
}

/** All of it, for good. Other tabs of the site let go of it; who is at work in one keeps its own again. */
export async function deleteDatabase(): Promise<void> {
  await deleteDB(DATABASE);
  opening = null;
}
