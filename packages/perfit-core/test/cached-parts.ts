import { createHash } from 'node:crypto';
import type { PartStore, WithLock } from '../src/weights/cache/part-store.ts';
import type { ListedSource, ModelManifest } from '../src/weights/manifest.ts';
import { WeightsError } from '../src/weights/weights-error.ts';
import { memorySource } from './tiny-models.ts';

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A store in memory that can be looked into, and that is full at `room` bytes. */
export class MemoryPartStore implements PartStore {
  readonly parts = new Map<string, Uint8Array>();
  readonly addresses = new Map<string, string>();
  room = Number.POSITIVE_INFINITY;

  async has(hash: string): Promise<boolean> {
    return this.parts.has(hash);
  }
  async read(hash: string): Promise<Uint8Array | null> {
    return this.parts.get(hash)?.slice() ?? null;
  }
  async write(hash: string, bytes: Uint8Array): Promise<void> {
    if (this.bytes + bytes.length > this.room) throw new WeightsError('weights-storage-full', 'the store is full');
    this.parts.set(hash, bytes.slice());
  }
  async remove(hash: string): Promise<void> {
    this.parts.delete(hash);
  }
  async recall(address: string): Promise<string | null> {
    return this.addresses.get(address) ?? null;
  }
  async remember(address: string, hash: string): Promise<void> {
    this.addresses.set(address, hash);
  }
  async forget(address: string): Promise<void> {
    this.addresses.delete(address);
  }

  get bytes(): number {
    return [...this.parts.values()].reduce((sum, { length }) => sum + length, 0);
  }
}

/** One lock for everything that shares it, as tabs of an origin do. */
export function sharedLock(): WithLock {
  const tails = new Map<string, Promise<unknown>>();
  return (name, work) => {
    const result = (tails.get(name) ?? Promise.resolve()).then(work, work);
    tails.set(
      name,
      result.catch(() => {}),
    );
    return result;
  };
}

export interface CountedSource extends ListedSource {
  /** Every range that was asked for: "file start-end". */
  readonly asked: string[];
}

/**
 * Files in memory as a server would list them.
 * @param hashes `parts` as our mirror says them, `files` as the Hub does, `none` as a folder on disk
 */
export function listedSource(
  files: Record<string, Uint8Array>,
  { partBytes, hashes }: { partBytes: number; hashes: 'parts' | 'files' | 'none' },
): CountedSource {
  const asked: string[] = [];
  const source = memorySource(files);
  const partsOf = (bytes: Uint8Array) =>
    Array.from({ length: Math.ceil(bytes.length / partBytes) }, (_, i) =>
      sha256Hex(bytes.subarray(i * partBytes, (i + 1) * partBytes)),
    );
  const manifest: ModelManifest = {
    revision: sha256Hex(Buffer.concat(Object.values(files))),
    partBytes,
    files: Object.entries(files).map(([name, bytes]) => ({
      name,
      bytes: bytes.length,
      sha256: hashes === 'none' ? null : sha256Hex(bytes),
      parts: hashes === 'parts' ? partsOf(bytes) : null,
    })),
  };
  return {
    ...source,
    asked,
    manifest: async () => manifest,
    range: (name, start, end) => {
      asked.push(`${name} ${start}-${end}`);
      return source.range(name, start, end);
    },
  };
}
