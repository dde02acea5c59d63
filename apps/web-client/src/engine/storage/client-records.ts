import { type ClientRecord, type ClientStore, decodeClientRecord, encodeClientRecord } from '@perfit/federation';
import type { Seat } from '../engine-api.ts';
import { database, keyOf } from './database.ts';

/** The client's store of one seat; a put is one transaction, so a reader sees the old record or the new one. */
export function clientRecords(seat: Seat, onSave: (record: ClientRecord) => void): ClientStore {
  return {
    load: async () => loadRecord(seat),
    save: async (_, record) => {
      onSave(record);
      await (await database()).put('records', await encodeClientRecord(record), keyOf(seat));
    },
    remove: async () => (await database()).delete('records', keyOf(seat)),
  };
}

/** @returns null where there is none, and where it is damaged: then the client begins anew */
export async function loadRecord(seat: Seat): Promise<ClientRecord | null> {
  const bytes = await (await database()).get('records', keyOf(seat));
  return bytes ? (await decodeClientRecord(bytes)).record : null;
}
