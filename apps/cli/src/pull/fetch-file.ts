import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type ManifestFile, type ModelSource, PART_BYTES } from '@perfit/core';
import { PullError } from './pull-error.ts';

/** Parts that are asked for before the one in front has come. */
const AHEAD = 4;

export interface FileProgress {
  /** Bytes that were on disk already, and are what they should be as far as one can tell. */
  kept(bytes: number): void;
  fetched(bytes: number): void;
  /** What was kept turned out to be damaged: the file comes again from its start. */
  restarted(bytes: number): void;
}

/**
 * Writes a file of a source to a path, part by part in order, so that what is there is always the file's beginning.
 * Where its hash is known it goes on from what is there, and the whole is checked; others are small and come again.
 * @throws WeightsError, PullError `pull-damaged`
 */
export async function fetchFile(
  source: ModelSource,
  file: ManifestFile,
  { path, progress }: { path: string; progress: FileProgress },
): Promise<void> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  try {
    const { size } = await handle.stat();
    const kept = file.sha256 !== null && size <= file.bytes ? size : 0;
    progress.kept(kept);
    let digest = await complete(source, file, { handle, from: kept, progress });
    if (digest !== file.sha256 && file.sha256 !== null && kept > 0) {
      progress.restarted(file.bytes);
      digest = await complete(source, file, { handle, from: 0, progress });
    }
    if (file.sha256 !== null && digest !== file.sha256) {
      await handle.truncate(0);
      throw new PullError(
        'pull-damaged',
        `${file.name} did not come as ${source.describe()} says: its hash is another.`,
      );
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** @returns the SHA-256 of the whole file, in hex */
async function complete(
  source: ModelSource,
  file: ManifestFile,
  { handle, from, progress }: { handle: FileHandle; from: number; progress: FileProgress },
): Promise<string> {
  const hash = createHash('sha256');
  if (from > 0) {
    for await (const piece of handle.createReadStream({ start: 0, end: from - 1, autoClose: false }))
      hash.update(piece);
  }
  let position = from;
  await handle.truncate(position);
  for await (const bytes of partsOf(source, file, from)) {
    await handle.write(bytes, 0, bytes.length, position);
    hash.update(bytes);
    position += bytes.length;
    progress.fetched(bytes.length);
  }
  return hash.digest('hex');
}

async function* partsOf(source: ModelSource, file: ManifestFile, from: number): AsyncGenerator<Uint8Array> {
  const coming: Promise<Uint8Array>[] = [];
  let next = from;
  while (next < file.bytes || coming.length) {
    while (next < file.bytes && coming.length < AHEAD) {
      const end = Math.min(file.bytes, next + PART_BYTES);
      const part = source.range(file.name, next, end);
      // Whether it failed is asked when its turn comes; that may be never.
      part.catch(() => {});
      coming.push(part);
      next = end;
    }
    yield await (coming.shift() as Promise<Uint8Array>);
  }
}
