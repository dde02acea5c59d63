import { type ClientRecord, type ClientStore, type PartStorage, recordStore } from '@perfit/federation';
import type { Seat } from '../../contract/run-api.ts';
import { database, keyOf, ofSeat } from './database.ts';

export interface ClientRecords extends ClientStore {
  /** Keeps the latest record again: where the browser was made to forget it while its client is at work. */
  putBack(): Promise<void>;
}

/** The client's store of one seat. */
export function clientRecords(seat: Seat, onSave: (record: ClientRecord) => void): ClientRecords {
  let latest: ClientRecord | null = null;
  let store = recordStore(seatParts(seat));
  return {
    load: async (federation) => {
      latest = await store.load(federation);
      return latest;
    },
    save: async (federation, record) => {
      latest = record;
      onSave(record);
      await store.save(federation, record);
    },
    remove: (federation) => store.remove(federation),
    putBack: async () => {
      // What it takes for written is gone.
      store = recordStore(seatParts(seat));
      if (latest) await store.save(seat.federation, latest);
    },
  };
}

/** @returns null where there is none, and where it is damaged: then the client begins anew */
export async function loadRecord(seat: Seat): Promise<ClientRecord | null> {
  return await recordStore(seatParts(seat)).load(seat.federation);
}

/** A seat has one federation. Each write is one transaction: a reader sees the record from before or this one. */
function seatParts(seat: Seat): PartStorage {
  const key = keyOf(seat);
  return {
    head: async () => (await (await database()).get('records', key)) ?? null,
    part: async (_, name) => (await (await database()).get('recordParts', [key, name])) ?? null,
    async write(_, { head, added, names }) {
      const transaction = (await database()).transaction(['records', 'recordParts'], 'readwrite');
      const parts = transaction.objectStore('recordParts');
      const there = await parts.getAllKeys(ofSeat(key));
      await Promise.all([
        ...there.filter(([, name]) => !names.has(name)).map((gone) => parts.delete(gone)),
        ...[...added].map(([name, bytes]) => parts.put(bytes, [key, name])),
        transaction.objectStore('records').put(head, key),
        transaction.done,
      ]);
    },
    async remove() {
      const transaction = (await database()).transaction(['records', 'recordParts'], 'readwrite');
      await Promise.all([
        transaction.objectStore('records').delete(key),
        transaction.objectStore('recordParts').delete(ofSeat(key)),
        transaction.done,
      ]);
    },
  };
}
