import { type AutotuneShape, applyChoices, autotune, type BackendDescription } from '@perfit/core';
import { database } from '../storage/database.ts';

/** Measured anew where the candidates or the programs have changed. */
const VERSION = 2;

/**
 * Sets what our programs are fastest with on this graphics adapter: as it was measured before, or measured now, in a few
 * seconds. A software adapter would compile for longer than it gains, and keeps what it began with.
 */
export async function settleChoices(device: BackendDescription, shape: AutotuneShape): Promise<void> {
  const { backend, adapter, isFallback } = device;
  if (backend !== 'webgpu' || !adapter || isFallback) return;
  const { vendor, architecture, description } = adapter;
  const key = [VERSION, vendor, architecture, description, shape.inWidth, shape.outWidth].join('/');
  const db = await database();
  const known = await db.get('tiles', key);
  if (known) applyChoices(known);
  else await db.put('tiles', await autotune(shape), key);
}
