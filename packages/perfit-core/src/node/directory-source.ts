import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelSource } from '../weights/source.ts';
import { WeightsError } from '../weights/weights-error.ts';

/** A model's folder on this machine's disk. Files are opened for each read and closed again. */
export function directorySource(path: string): ModelSource {
  async function reading<T>(name: string, read: (file: string) => Promise<T>): Promise<T> {
    try {
      return await read(join(path, name));
    } catch (cause) {
      if (cause instanceof WeightsError) throw cause;
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') throw new WeightsError('weights-missing-file', `${path} has no file ${name}`, { cause });
      throw new WeightsError('weights-unreadable', `${name} in ${path} cannot be read: ${String(cause)}`, { cause });
    }
  }
  return {
    describe: () => path,
    has: async (name) =>
      await stat(join(path, name)).then(
        (entry) => entry.isFile(),
        () => false,
      ),
    text: (name) => reading(name, (file) => readFile(file, 'utf8')),
    size: (name) => reading(name, async (file) => (await stat(file)).size),
    range: (name, start, end, into) =>
      reading(name, async (file) => {
        const handle = await open(file, 'r');
        try {
          return await readRange(handle, { name, start, end }, into);
        } finally {
          await handle.close();
        }
      }),
  };
}

async function readRange(
  handle: FileHandle,
  part: { name: string; start: number; end: number },
  bytes: Uint8Array = new Uint8Array(part.end - part.start),
): Promise<Uint8Array> {
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, part.start + filled);
    if (bytesRead === 0) throw new WeightsError('weights-truncated', `${part.name} ends before byte ${part.end}`);
    filled += bytesRead;
  }
  return bytes;
}
