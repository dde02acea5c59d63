import { type PartStore, WeightsError, type WithLock } from '@perfit/core';
import { database } from '../storage/database.ts';
import { isQuotaExceeded, openToWrite } from '../storage/sync-file.ts';

/** In the origin's private file system: one file a part, named by its hash. */
const DIRECTORY = 'model-parts';

/** @throws DOMException where the browser keeps no files for the site, as in some private windows */
async function directory(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(DIRECTORY, { create: true });
}

/** Bytes of every part that is kept, by its hash; none where the browser keeps no files. */
export async function cachedParts(): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  try {
    for await (const [name, handle] of (await directory()).entries()) {
      if (handle.kind === 'file') sizes.set(name, (await (handle as FileSystemFileHandle).getFile()).size);
    }
  } catch {
    // What cannot be listed is not kept: it is fetched again.
  }
  return sizes;
}

export async function removePart(hash: string): Promise<void> {
  try {
    await (await directory()).removeEntry(hash);
  } catch {
    // It is not here, or another tab is at it; whoever reads it checks it.
  }
}

/** Parts of models in this browser, for all tabs of the origin. Whatever fails to be read is fetched again. */
export const opfsParts: PartStore = {
  async has(hash) {
    return (await fileOf(hash)) !== null;
  },
  async read(hash) {
    try {
      const file = await fileOf(hash);
      return file && new Uint8Array(await file.arrayBuffer());
    } catch {
      return null;
    }
  },
  async write(hash, bytes) {
    try {
      await writeFile(hash, bytes);
    } catch (cause) {
      await removePart(hash);
      throw new WeightsError('weights-storage-full', sentence(cause), { cause });
    }
  },
  remove: removePart,
  async recall(address) {
    return (await (await database()).get('modelParts', address)) ?? null;
  },
  async remember(address, hash) {
    await (await database()).put('modelParts', hash, address);
  },
  async forget(address) {
    await (await database()).delete('modelParts', address);
  },
};

async function fileOf(hash: string): Promise<File | null> {
  try {
    return await (await (await directory()).getFileHandle(hash)).getFile();
  } catch {
    return null;
  }
}

async function writeFile(hash: string, bytes: Uint8Array): Promise<void> {
  const access = await openToWrite(await (await directory()).getFileHandle(hash, { create: true }));
  try {
    access.truncate(0);
    // Where the room ends a browser may write less than it was asked to, and not say so.
    const written = access.write(bytes, { at: 0 });
    if (Math.min(written, access.getSize()) < bytes.length) throw new DOMException('no room', 'QuotaExceededError');
    access.flush();
  } finally {
    access.close();
  }
}

function sentence(cause: unknown): string {
  if (isQuotaExceeded(cause)) return 'There is no room left for this site in this browser';
  return `This browser keeps no files for this site (${String(cause)})`;
}

/** One tab of the origin at a time. */
export const acrossTabs: WithLock = async (name, work) => {
  const result = await navigator.locks.request(name, work);
  return result as Awaited<ReturnType<typeof work>>;
};
