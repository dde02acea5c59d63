import { FailureError } from '../../contract/failure.ts';
import {
  type DiscardedRow,
  database,
  deletionsOf,
  forgetSeat,
  ofSeat,
  seatRangeStores,
  seatStores,
} from './database.ts';

const LOCK = 'perfit trash ';
const concerned = [...seatStores, ...seatRangeStores, 'trash'] as const;

/**
 * What was deleted last, and may be put back. A seat in it is gone for everything else that reads this browser's storage;
 * a tab that can undo a deletion holds a lock for it, so that what no tab can undo any more is found and deleted.
 */
export class Trash {
  private release: (() => void) | null = null;

  /** Takes a seat away, and deletes for good what was taken away before. @returns whether it can be put back */
  async discard(key: string): Promise<boolean> {
    await this.empty();
    await this.hold(key);
    if (await moveToTrash(key)) return true;
    this.letGo();
    await forgetSeat(key);
    return false;
  }

  /** @throws FailureError `not-found` where it is not there any more, `conflict` where somebody sits there again */
  async putBack(key: string): Promise<void> {
    await restore(key);
    this.letGo();
  }

  /** Deletes for good what no other tab can undo. */
  async empty(): Promise<void> {
    this.letGo();
    const db = await database();
    for (const key of await db.getAllKeys('trash')) {
      await navigator.locks.request(LOCK + key, { ifAvailable: true }, async (lock) => {
        if (lock) await db.delete('trash', key);
      });
    }
  }

  private hold(key: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const held = () =>
        new Promise<void>((release) => {
          this.release = release;
          resolve();
        });
      navigator.locks.request(LOCK + key, { steal: true }, held).catch(reject);
    });
  }

  private letGo(): void {
    this.release?.();
    this.release = null;
  }
}

/** @returns false where this browser has no room for it: nothing has changed then */
export async function moveToTrash(key: string): Promise<boolean> {
  const transaction = (await database()).transaction(concerned, 'readwrite');
  // Whatever went wrong is told below.
  transaction.done.catch(() => {});
  try {
    const rows: DiscardedRow[] = [];
    for (const store of seatStores) {
      const value = await transaction.objectStore(store).get(key);
      if (value !== undefined) rows.push({ store, key, value });
    }
    for (const store of seatRangeStores) {
      const all = transaction.objectStore(store);
      for (let row = await all.openCursor(ofSeat(key)); row; row = await row.continue()) {
        rows.push({ store, key: row.key, value: row.value });
      }
    }
    await transaction.objectStore('trash').put(rows, key);
    await Promise.all([...deletionsOf(key, (store) => transaction.objectStore(store)), transaction.done]);
    return true;
  } catch (error) {
    try {
      transaction.abort();
    } catch {
      // It is over already.
    }
    if (isFull(error) || isFull(transaction.error)) return false;
    throw error;
  }
}

function isFull(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'QuotaExceededError';
}

/** @throws FailureError `not-found`, `conflict` */
export async function restore(key: string): Promise<void> {
  const transaction = (await database()).transaction(concerned, 'readwrite');
  const rows = await transaction.objectStore('trash').get(key);
  if (!rows) throw new FailureError({ code: 'not-found', message: 'It’s gone for good by now.' });
  for (const store of seatStores) {
    if ((await transaction.objectStore(store).getKey(key)) === undefined) continue;
    throw new FailureError({
      code: 'conflict',
      message: 'You’ve joined this federation again meanwhile. Delete that first to get the earlier one back.',
    });
  }
  await Promise.all([
    ...rows.map(({ store, key: of, value }) => transaction.objectStore(store).put(value as never, of as never)),
    transaction.objectStore('trash').delete(key),
    transaction.done,
  ]);
}
