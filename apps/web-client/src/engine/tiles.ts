import { type AutotuneShape, applyTiles, autotune, type BackendDescription } from '@perfit/core';
import { database } from './storage/database.ts';

/** Measured anew where the candidates or the programs have changed. */
const VERSION = 2;

/**
 * Sets the fastest tiles of our products for this graphics adapter: as they were measured before, or measured now, in a
 * few seconds. A software adapter would compile for longer than it gains, and keeps what it began with.
 */
export async function settleTiles(device: BackendDescription, shape: AutotuneShape): Promise<void> {
  const { backend, adapter, isFallback } = device;
  if (backend !== 'webgpu' || !adapter || isFallback) return;
  const { vendor, architecture, description } = adapter;
  const key = [VERSION, vendor, architecture, description, shape.inWidth, shape.outWidth].join('/');
  const db = await database();
  const known = await db.get('tiles', key);
  if (known) applyTiles(known);
  else await db.put('tiles', await autotune(shape), key);
}
