import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Blobs } from '@perfit/federation/coordinator';
import { sha256Hex } from '@perfit/protocol';
import { writeDurably } from './durable-write.ts';

/** Immutable bytes named by their SHA-256: versions of theta_g and masks. */
export class BlobStore implements Blobs {
  private readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(folder: string): Promise<BlobStore> {
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true });
    return new BlobStore(folder);
  }

  /** @returns the hash, when the bytes are on disk */
  async put(bytes: Uint8Array): Promise<string> {
    const hash = createHash('sha256').update(bytes).digest('hex');
    const path = this.path(hash);
    const size = await stat(path).then(
      (found) => found.size,
      () => -1,
    );
    if (size !== bytes.length) await writeDurably(path, bytes);
    return hash;
  }

  /** @throws Error where the bytes are gone or are not what they were */
  async get(hash: string): Promise<Uint8Array> {
    const bytes = await readFile(this.path(hash));
    if ((await sha256Hex(bytes)) !== hash) throw new Error(`The blob ${hash} on disk is damaged.`);
    return bytes;
  }

  private path(hash: string): string {
    if (!/^[0-9a-f]{64}$/.test(hash)) throw new Error(`Not a blob's name: ${hash}`);
    return join(this.folder, hash);
  }
}
