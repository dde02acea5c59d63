import type { LedgerEntry } from '../../contract/ledger-api.ts';
import type { Seat } from '../../contract/run-api.ts';
import { database, keyOf, ofSeat } from './database.ts';

/** An entry, and its bytes where they are to be kept. */
export interface KeptMessage {
  readonly entry: LedgerEntry;
  readonly content: Uint8Array<ArrayBuffer> | null;
}

export async function loadLedger(seat: Seat): Promise<LedgerEntry[]> {
  return (await database()).getAll('ledger', ofSeat(keyOf(seat)));
}

/** Ids of the entries whose bytes are kept, ascending. */
export async function keptContents(seat: Seat): Promise<number[]> {
  const keys = await (await database()).getAllKeys('ledgerBytes', ofSeat(keyOf(seat)));
  return keys.map(([, id]) => id);
}

/** In one step. @param dropped ids whose bytes make room for it */
export async function appendLedger(
  seat: Seat,
  messages: readonly KeptMessage[],
  dropped: readonly number[],
): Promise<void> {
  const key = keyOf(seat);
  const transaction = (await database()).transaction(['ledger', 'ledgerBytes'], 'readwrite');
  const entries = transaction.objectStore('ledger');
  const contents = transaction.objectStore('ledgerBytes');
  await Promise.all([
    ...dropped.map((id) => contents.delete([key, id])),
    ...messages.map(({ entry }) => entries.put(entry, [key, entry.id])),
    ...messages.map(({ entry, content }) => (content ? contents.put(content, [key, entry.id]) : null)),
    transaction.done,
  ]);
}

export async function dropContents(seat: Seat, ids: readonly number[]): Promise<void> {
  await appendLedger(seat, [], ids);
}

/** @returns null where they are no longer kept */
export async function loadContent(seat: Seat, id: number): Promise<Uint8Array<ArrayBuffer> | null> {
  return (await (await database()).get('ledgerBytes', [keyOf(seat), id])) ?? null;
}
