import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CountedSource,
  listedSource,
  MemoryPartStore,
  sha256Hex,
  sharedLock,
} from '../../../test/cached-parts.ts';
import type { ListedSource } from '../manifest.ts';
import { WeightsError } from '../weights-error.ts';
import { type CachedSource, cachedSource } from './cached-source.ts';

const partBytes = 16;
const weights = Uint8Array.from({ length: 100 }, (_, i) => (i * 37) % 251);
const config = new TextEncoder().encode('{"model_type":"llama"}');
const files = { 'model.safetensors': weights, 'config.json': config };
const parts = Math.ceil(weights.length / partBytes);

async function opened(
  source: ListedSource,
  store: MemoryPartStore,
  more: { lock?: ReturnType<typeof sharedLock>; offline?: boolean; onFetch?: (bytes: number) => void } = {},
): Promise<CachedSource> {
  const { lock = sharedLock(), offline = false, onFetch } = more;
  const options = { key: 'test', store, withLock: lock, ...(onFetch ? { onFetch } : {}) };
  return cachedSource(offline ? null : source, await source.manifest(), options);
}

async function whole(source: CachedSource): Promise<Uint8Array> {
  return source.range('model.safetensors', 0, weights.length);
}

/** Flips one bit of the part that holds a byte of the weights. */
function damage(store: MemoryPartStore, byte: number): void {
  const index = Math.floor(byte / partBytes);
  const hash = sha256Hex(weights.subarray(index * partBytes, (index + 1) * partBytes));
  const kept = store.parts.get(hash) as Uint8Array;
  kept[byte % partBytes] = (kept[byte % partBytes] as number) ^ 1;
}

const hashings = ['parts', 'files', 'none'] as const;

describe.each(hashings)('cachedSource, where the source names hashes of: %s', (hashes) => {
  const listed = () => listedSource(files, { partBytes, hashes });

  it('gives any range as the source has it, and asks for each part once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(100), fc.nat(100)), { maxLength: 12 }), async (ranges) => {
        const source = listed();
        const cached = await opened(source, new MemoryPartStore());
        for (const [a, b] of ranges) {
          const [start, end] = [Math.min(a, b), Math.max(a, b)];
          expect(await cached.range('model.safetensors', start, end)).toEqual(weights.slice(start, end));
        }
        await cached.complete();
        expect(new Set(source.asked).size).toBe(source.asked.length);
      }),
      { numRuns: 60 },
    );
  });

  it('reads from what is kept the second time, without the source at all', async () => {
    const source = listed();
    const store = new MemoryPartStore();
    const first = await opened(source, store);
    expect(await first.isWhole()).toBe(false);
    await whole(first);
    expect(await first.isWhole()).toBe(false);
    await first.complete();
    expect(await first.isWhole()).toBe(true);
    source.asked.length = 0;
    const again = await opened(source, store, { offline: true });
    expect(await whole(again)).toEqual(weights);
    expect(await again.text('config.json')).toBe('{"model_type":"llama"}');
    expect(source.asked).toEqual([]);
  });

  it('fetches a damaged part again, alone', async () => {
    const source = listed();
    const store = new MemoryPartStore();
    await whole(await opened(source, store));
    damage(store, 50);
    source.asked.length = 0;
    expect(await whole(await opened(source, store))).toEqual(weights);
    expect(source.asked.filter((range) => range.startsWith('model.safetensors 48-'))).toEqual([
      'model.safetensors 48-64',
    ]);
    expect(source.asked.length).toBe(1);
    expect(await whole(await opened(source, store, { offline: true }))).toEqual(weights);
  });

  it('fetches a part again that was half written', async () => {
    const source = listed();
    const store = new MemoryPartStore();
    await whole(await opened(source, store));
    const hash = sha256Hex(weights.subarray(16, 32));
    store.parts.set(hash, weights.slice(16, 20));
    source.asked.length = 0;
    expect(await whole(await opened(source, store))).toEqual(weights);
    expect(source.asked).toEqual(['model.safetensors 16-32']);
  });

  it('goes on with the parts that an interrupted load left', async () => {
    const source = listed();
    const store = new MemoryPartStore();
    const dropped = failingAfter(source, 3);
    await expect(whole(await opened(dropped, store))).rejects.toMatchObject({ code: 'weights-unreachable' });
    const kept = store.parts.size;
    expect(kept).toBeGreaterThan(0);
    source.asked.length = 0;
    const cached = await opened(source, store);
    expect(await whole(cached)).toEqual(weights);
    await cached.complete();
    expect(source.asked.filter((range) => range.startsWith('model')).length).toBe(parts - kept);
  });

  it('loads once where two tabs load at the same time', async () => {
    const source = listed();
    const store = new MemoryPartStore();
    const lock = sharedLock();
    const tabs = await Promise.all([opened(source, store, { lock }), opened(source, store, { lock })]);
    for (const bytes of await Promise.all(tabs.map(whole))) expect(bytes).toEqual(weights);
    expect(source.asked.length).toBe(parts);
  });

  it('goes on without cached where the store is full, and says so', async () => {
    const store = new MemoryPartStore();
    store.room = 3 * partBytes;
    const cached = await opened(listed(), store);
    expect(await whole(cached)).toEqual(weights);
    await cached.complete();
    expect(cached.refusal).toMatchObject({ code: 'weights-storage-full' });
    expect(await cached.isWhole()).toBe(false);
    store.room = Number.POSITIVE_INFINITY;
    const source = listed();
    expect(await whole(await opened(source, store))).toEqual(weights);
    expect(source.asked.length).toBe(parts - 3);
  });
});

describe('cachedSource', () => {
  it('refuses a part that is not what the source says it is, and keeps nothing of it', async () => {
    const listed = listedSource(files, { partBytes, hashes: 'parts' });
    const store = new MemoryPartStore();
    const cached = await opened(garbling(listed), store);
    await expect(cached.range('model.safetensors', 0, 4)).rejects.toMatchObject({ code: 'weights-damaged' });
    expect(store.parts.size).toBe(0);
  });

  it('throws away a file whose parts together are not what the source says it is', async () => {
    const listed = listedSource(files, { partBytes, hashes: 'files' });
    const store = new MemoryPartStore();
    const cached = await opened(garbling(listed), store);
    await whole(cached);
    await expect(cached.complete()).rejects.toMatchObject({ code: 'weights-damaged' });
    expect([...store.addresses.keys()].filter((address) => address.includes('model.safetensors'))).toEqual([]);
    const healed = await opened(listed, store);
    expect(await whole(healed)).toEqual(weights);
    await healed.complete();
  });

  it('says what is missing where nothing can be fetched', async () => {
    const listed = listedSource(files, { partBytes, hashes: 'parts' });
    const cached = await opened(listed, new MemoryPartStore(), { offline: true });
    await expect(cached.text('config.json')).rejects.toMatchObject({
      code: 'weights-unreachable',
      message: expect.stringContaining('config.json'),
    });
    await expect(cached.text('other.json')).rejects.toMatchObject({ code: 'weights-missing-file' });
  });

  it('counts what it fetched', async () => {
    const listed = listedSource(files, { partBytes, hashes: 'parts' });
    let fetched = 0;
    const onFetch = (bytes: number) => {
      fetched += bytes;
    };
    const store = new MemoryPartStore();
    await whole(await opened(listed, store, { onFetch }));
    await whole(await opened(listed, store, { onFetch }));
    expect(fetched).toBe(weights.length);
  });
});

function failingAfter(source: CountedSource, requests: number): ListedSource {
  let left = requests;
  return {
    ...source,
    range: async (...asked) => {
      if (left-- <= 0) throw new WeightsError('weights-unreachable', 'the connection is gone');
      return source.range(...asked);
    },
  };
}

/** Flips a bit of everything. */
function garbling(source: CountedSource): ListedSource {
  return {
    ...source,
    range: async (...asked) => {
      const bytes = await source.range(...asked);
      bytes[0] = (bytes[0] as number) ^ 1;
      return bytes;
    },
  };
}
