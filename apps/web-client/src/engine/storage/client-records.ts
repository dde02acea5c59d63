import { type ClientRecord, type ClientStore, decodeClientRecord, encodeClientRecord } from '@perfit/federation';
import type { Seat } from '../../contract/run-api.ts';
import { database, keyOf } from './database.ts';

export interface ClientRecords extends ClientStore {
  /** Keeps the latest record again: where the browser was made to forget it while its client is at work. */
  putBack(): Promise<void>;
}

/** The client's store of one seat; a put is one transaction, so a reader sees the old record or the new one. */
export function clientRecords(seat: Seat, onSave: (record: ClientRecord) => void): ClientRecords {
  let latest: ClientRecord | null = null;
  const keep = async (record: ClientRecord) => {
    await (await database()).put('records', await encodeClientRecord(record), keyOf(seat));
  };
  return {
    load: async () => {
      latest = await loadRecord(seat);
      return latest;
    },
    save: async (_, record) => {
      latest = record;
      onSave(record);
      await keep(record);
    },
    remove: async () => (await database()).delete('records', keyOf(seat)),
    putBack: async () => {
      if (latest) await keep(latest);
    },
  };
}

/** @returns null where there is none, and where it is damaged: then the client begins anew */
export async function loadRecord(seat: Seat): Promise<ClientRecord | null> {
  const bytes = await (await database()).get('records', keyOf(seat));
  return bytes ? (await decodeClientRecord(bytes)).record : null;
}
