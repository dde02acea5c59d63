import type { StreamedFile } from '@perfit/core';
import { FailureError } from '../../contract/failure.ts';
import { isQuotaExceeded, openToWrite } from '../storage/sync-file.ts';

const FOLDER = 'exports';

/**
 * A folder of this worker in the browser's private file system, for files that are too large for memory. A lock held for as
 * long as the worker lives tells it from those of workers that are gone.
 */
export class ExportFolder {
  readonly #id = crypto.randomUUID();
  #opening: Promise<FileSystemDirectoryHandle> | null = null;
  #held: Promise<void> | null = null;

  /** @throws FailureError `storage-unavailable` where there is no such file system, or no room in it */
  async write(
    files: readonly StreamedFile[],
    { onBytes, signal }: { onBytes: (bytes: number) => void; signal: AbortSignal },
  ): Promise<File[]> {
    const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    await assertHasRoom(total);
    try {
      return await this.#write(files, { onBytes, signal });
    } catch (error) {
      throw isQuotaExceeded(error) ? noRoom(total, null) : error;
    }
  }

  async #write(
    files: readonly StreamedFile[],
    { onBytes, signal }: { onBytes: (bytes: number) => void; signal: AbortSignal },
  ): Promise<File[]> {
    const folder = await this.#open();
    const written: File[] = [];
    for (const file of files) {
      const handle = await folder.getFileHandle(file.name, { create: true });
      const access = await openToWrite(handle);
      try {
        let at = 0;
        for await (const chunk of file.chunks()) {
          signal.throwIfAborted();
          const written = access.write(chunk, { at });
          at += chunk.length;
          // Chromium says that it wrote what it had no room for.
          if (written < chunk.length || access.getSize() < at) throw noRoom(file.bytes, null);
          onBytes(chunk.length);
        }
        access.flush();
      } finally {
        access.close();
      }
      written.push(await handle.getFile());
    }
    return written;
  }

  /** Removes what this worker has written. */
  async clear(): Promise<void> {
    if (!this.#opening) return;
    const opening = this.#opening;
    this.#opening = null;
    await opening;
    await (await exportsFolder()).removeEntry(this.#id, { recursive: true });
  }

  #open(): Promise<FileSystemDirectoryHandle> {
    this.#opening ??= (async () => {
      const all = await exportsFolder();
      this.#held ??= holdForLife(lockOf(this.#id));
      await this.#held;
      return await all.getDirectoryHandle(this.#id, { create: true });
    })();
    this.#opening.catch(() => {
      this.#opening = null;
    });
    return this.#opening;
  }
}

/** Removes what workers left behind that are gone: a closed tab takes nothing with it. */
export async function sweepExports(): Promise<void> {
  const all = await exportsFolder({ create: false }).catch(() => null);
  if (!all) return;
  for await (const id of all.keys()) {
    await navigator.locks.request(lockOf(id), { ifAvailable: true }, async (lock) => {
      if (lock) await all.removeEntry(id, { recursive: true });
    });
  }
}

/** @throws FailureError `storage-unavailable` */
async function exportsFolder(options = { create: true }): Promise<FileSystemDirectoryHandle> {
  try {
    return await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, options);
  } catch (cause) {
    if (isQuotaExceeded(cause)) throw cause;
    throw new FailureError({
      code: 'storage-unavailable',
      message: `This browser has no file system of its own to write a large file to (${String(cause)}). Use an ordinary window of a current browser, or take the adapter, which is small.`,
    });
  }
}

async function assertHasRoom(bytes: number): Promise<void> {
  const { quota, usage } = (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
  if (quota !== undefined && quota - (usage ?? 0) < bytes) throw noRoom(bytes, quota - (usage ?? 0));
}

function noRoom(bytes: number, room: number | null): FailureError {
  const left = room === null ? 'less than that' : `only ${megabytes(Math.max(0, room))}`;
  return new FailureError({
    code: 'storage-unavailable',
    message: `The files take ${megabytes(bytes)} while they are written, and this browser has ${left} left for this site. Delete stored models or free space on the disk, or choose a smaller form.`,
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function lockOf(id: string): string {
  return `perfit export ${id}`;
}

/** Until the worker ends. */
function holdForLife(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, () => {
        resolve();
        return new Promise<never>(() => {});
      })
      .catch(reject);
  });
}
