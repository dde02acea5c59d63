import 'fake-indexeddb/auto';
import { afterEach, expect, it } from 'vitest';
import type { LedgerEntry } from '../../contract/ledger-api.ts';
import { database, deleteDatabase, seatKeys, seatRangeStores, seatStores } from './database.ts';
import { moveToTrash, restore } from './trash.ts';

afterEach(async () => {
  (await database()).close();
  await deleteDatabase();
});

const bytes = (value: number) => new Uint8Array([value]);

/** Something in every store of a seat. */
async function keep(seat: string, value: number): Promise<void> {
  const db = await database();
  await db.put('keys', { value } as never, seat);
  await db.put('records', bytes(value), seat);
  await db.put('sessions', { value } as never, seat);
  await db.put('recordParts', bytes(value), [seat, 'ab']);
  await db.put('recordParts', bytes(value + 1), [seat, 'cd']);
  await db.put('ledger', { id: 1, bytes: value } as LedgerEntry, [seat, 1]);
  await db.put('ledgerBytes', bytes(value), [seat, 1]);
}

async function allOf(seat: string): Promise<unknown[]> {
  const db = await database();
  const singles = await Promise.all(seatStores.map((store) => db.get(store, seat)));
  const ranges = await Promise.all(
    seatRangeStores.map((store) => db.getAll(store, IDBKeyRange.bound([seat], [seat, []]))),
  );
  return [...singles, ...ranges];
}

it('takes all of a seat and nothing of its neighbors, and puts it back as it was', async () => {
  await keep('village/me', 3);
  await keep('village/me2', 5);
  const [before, other] = [await allOf('village/me'), await allOf('village/me2')];
  expect(await moveToTrash('village/me')).toBe(true);
  expect(await seatKeys()).toEqual(['village/me2']);
  expect((await allOf('village/me')).flat().filter(Boolean)).toEqual([]);
  expect(await allOf('village/me2')).toEqual(other);
  await restore('village/me');
  expect(await allOf('village/me')).toEqual(before);
  expect(await (await database()).getAllKeys('trash')).toEqual([]);
});

it('does not put back what is gone, or what is there again', async () => {
  await keep('village/me', 3);
  await moveToTrash('village/me');
  await keep('village/me', 4);
  await expect(restore('village/me')).rejects.toMatchObject({ failure: { code: 'conflict' } });
  expect((await allOf('village/me'))[1]).toEqual(bytes(4));
  await (await database()).delete('trash', 'village/me');
  await expect(restore('village/me')).rejects.toMatchObject({ failure: { code: 'not-found' } });
});

it('leaves everything as it is where there is no room', async () => {
  await keep('village/me', 3);
  const before = await allOf('village/me');
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...args) {
    if (this.name === 'trash') throw new DOMException('full', 'QuotaExceededError');
    return put.apply(this, args);
  };
  try {
    expect(await moveToTrash('village/me')).toBe(false);
  } finally {
    IDBObjectStore.prototype.put = put;
  }
  expect(await allOf('village/me')).toEqual(before);
});
