import { mkdir, open, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Spool, UploadFile } from '@perfit/federation/coordinator';
import { ProtocolError } from '@perfit/protocol';
import { renameDurably } from '../blobs/durable-write.ts';
import { roomProblem } from '../data-directory/storage-problem.ts';

/** A federation's deltas on disk: those under way in `uploads`, those accepted and not yet committed in `spool`, by round. */
export class DiskSpool implements Spool {
  private readonly uploads: string;
  private readonly accepted: string;

  constructor(dataDirectory: string, federation: string) {
    this.uploads = join(dataDirectory, 'uploads', federation);
    this.accepted = join(dataDirectory, 'spool', federation);
  }

  async openUpload(round: number, name: string, bytes: number): Promise<UploadFile> {
    const folder = join(this.uploads, String(round));
    await mkdir(folder, { recursive: true });
    const problem = await roomProblem(folder, bytes);
    if (problem) throw new ProtocolError('storage-failed', `${problem} It may be tried again later.`);
    const path = join(folder, `${name}.part`);
    const there = await sizeOf(path);
    if (there > bytes) await truncate(path, 0);
    const file = await open(path, there > 0 ? 'r+' : 'w+');
    return {
      size: there > bytes ? 0 : there,
      write: async (data, offset) => (await file.write(data, 0, data.length, offset)).bytesWritten,
      read: () => readFile(path),
      accept: (inRound, client) => this.accept(path, inRound, client),
      close: () => file.close(),
      remove: () => rm(path, { force: true }),
    };
  }

  async read(round: number, client: string): Promise<Uint8Array> {
    return readFile(join(this.accepted, String(round), client));
  }

  async clear(round: number): Promise<void> {
    for (const folder of [this.uploads, this.accepted]) {
      for (const name of await readdir(folder).catch(() => [])) {
        if (Number(name) <= round) await rm(join(folder, name), { recursive: true, force: true });
      }
    }
  }

  async keepOnly(round: number, clients: readonly string[]): Promise<void> {
    const folder = join(this.accepted, String(round));
    for (const name of await readdir(folder).catch(() => [])) {
      if (!clients.includes(name)) await rm(join(folder, name), { force: true });
    }
  }

  private async accept(upload: string, round: number, client: string): Promise<void> {
    const folder = join(this.accepted, String(round));
    await mkdir(folder, { recursive: true });
    const file = await open(upload, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await renameDurably(upload, join(folder, client));
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (found) => found.size,
    () => 0,
  );
}
