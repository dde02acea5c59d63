import type { Tiles } from '@perfit/core';
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { FailureError } from '../../shared/failure/failure.ts';
import type { Seat } from '../engine-api.ts';
import type { KeptModel } from '../models/kept-models.ts';
import type { StoredSession } from './stored-sessions.ts';

interface PerfitDatabase extends DBSchema {
  /** [HS2] By seat. The private halves cannot be read out, by nobody. */
  keys: { key: string; value: CryptoKeyPair };
  /** Encoded client records. */
  records: { key: string; value: Uint8Array };
  sessions: { key: string; value: StoredSession };
  /** The fastest tiles of our products, by graphics adapter. */
  tiles: { key: string; value: Tiles };
  models: { key: string; value: KeptModel };
  /** Hashes of parts for which nobody names one, by model, file and part. */
  modelParts: { key: string; value: string };
}

const stores = ['keys', 'records', 'sessions', 'tiles', 'models', 'modelParts'] as const;
/** Of a seat. */
const seatStores = ['keys', 'records', 'sessions'] as const;

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
  return openDB<PerfitDatabase>('perfit', 3, {
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

/** Key, record and session of a seat: gone for good. */
export async function forgetSeat(seat: Seat): Promise<void> {
  const transaction = (await database()).transaction(seatStores, 'readwrite');
  await Promise.all([
    ...seatStores.map((store) => transaction.objectStore(store).delete(keyOf(seat))),
    transaction.done,
  ]);
}
