import { generateKeyPair } from '@perfit/federation';
import type { Seat } from '../../contract/run-api.ts';
import { database, keyOf } from './database.ts';

/** [HS2] The key of a seat: made in this browser when first needed, and never readable. */
export async function keysOf(seat: Seat): Promise<CryptoKeyPair> {
  const db = await database();
  const known = await db.get('keys', keyOf(seat));
  if (known) return known;
  const made = await generateKeyPair({ extractable: false });
  // Another tab may have made one meanwhile: the first stays.
  const transaction = db.transaction('keys', 'readwrite');
  const first = (await transaction.store.get(keyOf(seat))) ?? made;
  await transaction.store.put(first, keyOf(seat));
  await transaction.done;
  return first;
}

/** Where the browser was made to forget it while its client is at work. */
export async function putKeysBack(seat: Seat, keys: CryptoKeyPair): Promise<void> {
  await (await database()).put('keys', keys, keyOf(seat));
}
