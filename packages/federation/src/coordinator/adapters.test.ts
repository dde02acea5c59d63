import { federationConfigSchema } from '@perfit/protocol';
import { layoutHash } from '@perfit/protocol/space';
import { expect, it } from 'vitest';
import { layoutOf } from '../strategy/registry.ts';
import { Adapters } from './adapters.ts';
import { MemoryBlobs } from './memory-blobs.ts';
import { MemoryStore } from './memory-store.ts';

class CountingBlobs extends MemoryBlobs {
  reads = 0;

  override get(hash: string): Promise<Uint8Array> {
    this.reads++;
    return super.get(hash);
  }
}

async function committed() {
  const config = federationConfigSchema.parse({ name: 'A test', model: 'none', lora: { rank: 2 } });
  const layout = layoutOf(config, { layers: 1, width: 4, queryWidth: 4, keyValueWidth: 2, feedForwardWidth: 6 });
  const space = { federation: 'f', config, layout, layoutHash: await layoutHash(layout) };
  const [blobs, store] = [new CountingBlobs(), new MemoryStore()];
  const adapters = new Adapters(blobs, store);
  const next = { theta: new Float32Array(layout.size).fill(0.5), moments: null, owners: null };
  await store.addVersion('f', 1, { ...(await adapters.keep(next)), at: new Date(0) });
  return { adapters, blobs, store, space, next };
}

it('a version is read from disk once for all who ask at the same time', async () => {
  const { blobs, store, space, next } = await committed();
  const restarted = new Adapters(blobs, store);
  const all = await Promise.all(Array.from({ length: 20 }, () => restarted.theta(space, 1)));
  for (const theta of all) expect(theta).toEqual(next.theta);
  expect(blobs.reads).toBe(1);
});

it('a version that has just been committed is not read at all', async () => {
  const { adapters, blobs, space, next } = await committed();
  adapters.prime(space, 1, next);
  expect(await adapters.theta(space, 1)).toBe(next.theta);
  await adapters.payload(space, 1, 'theta');
  expect(blobs.reads).toBe(0);
});

it('a version that could not be read is asked for again', async () => {
  const { blobs, store, space, next } = await committed();
  const adapters = new Adapters(blobs, store);
  const get = blobs.get.bind(blobs);
  blobs.get = async () => {
    throw new Error('the disk is away');
  };
  await expect(adapters.theta(space, 1)).rejects.toThrow('the disk is away');
  blobs.get = get;
  expect(await adapters.theta(space, 1)).toEqual(next.theta);
});
