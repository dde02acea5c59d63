import { sha256Hex } from '@perfit/protocol';
import type { Blobs } from './ports.ts';

/** Blobs in memory. */
export class MemoryBlobs implements Blobs {
  private readonly blobs = new Map<string, Uint8Array>();

  async put(bytes: Uint8Array): Promise<string> {
    const hash = await sha256Hex(bytes);
    this.blobs.set(hash, bytes);
    return hash;
  }

  async get(hash: string): Promise<Uint8Array> {
    const bytes = this.blobs.get(hash);
    if (!bytes) throw new Error(`There is no blob ${hash}.`);
    return bytes;
  }
}
