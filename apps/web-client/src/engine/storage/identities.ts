import { generateKeyPair, type Identity, identityFromKeyPair } from '@perfit/federation';
import type { Seat } from '../engine-api.ts';
import { database, keyOf } from './database.ts';

/** [HS2] The key of a seat: made in this browser when first needed, and never readable. */
export async function identityOf(seat: Seat): Promise<Identity> {
  const db = await database();
  const known = await db.get('keys', keyOf(seat));
  if (known) return identityFromKeyPair(known);
  const made = await generateKeyPair({ extractable: false });
  // Another tab may have made one meanwhile: the first stays.
  const transaction = db.transaction('keys', 'readwrite');
  const first = (await transaction.store.get(keyOf(seat))) ?? made;
  await transaction.store.put(first, keyOf(seat));
  await transaction.done;
  return identityFromKeyPair(first);
}
