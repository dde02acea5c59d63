import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ProtocolError } from '@perfit/protocol';
import { renameDurably } from '../blobs/durable-write.ts';
import { roomProblem } from '../data-directory/storage-problem.ts';

/**
 * Deltas on disk: those under way (`uploads`) and those accepted but not yet committed (`spool`), by round. Both are
 * removed when their round is over: nothing of a single client outlives its round.
 */
export class Spool {
  private readonly uploads: string;
  private readonly accepted: string;

  constructor(dataDirectory: string, federation: string) {
    this.uploads = join(dataDirectory, 'uploads', federation);
    this.accepted = join(dataDirectory, 'spool', federation);
  }

  /**
   * The file of an upload under way; its folder is there afterwards.
   * @throws ProtocolError `storage-failed` where so many bytes more would fill the disk
   */
  async uploadPath(round: number, name: string, bytes: number): Promise<string> {
    const folder = join(this.uploads, String(round));
    await mkdir(folder, { recursive: true });
    const problem = await roomProblem(folder, bytes);
    if (problem) throw new ProtocolError('storage-failed', `${problem} It may be tried again later.`);
    return join(this.uploads, String(round), `${name}.part`);
  }

  /** [RD3] Moves a whole upload among the accepted ones; it is on disk afterwards. */
  async accept(upload: string, round: number, client: string): Promise<void> {
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

  async read(round: number, client: string): Promise<Uint8Array> {
    return readFile(join(this.accepted, String(round), client));
  }

  async remove(round: number, client: string): Promise<void> {
    await rm(join(this.accepted, String(round), client), { force: true });
  }

  /** Removes everything of the rounds up to this one. */
  async clear(round: number): Promise<void> {
    for (const folder of [this.uploads, this.accepted]) {
      for (const name of await readdir(folder).catch(() => [])) {
        if (Number(name) <= round) await rm(join(folder, name), { recursive: true, force: true });
      }
    }
  }

  /** Removes accepted deltas of a round that nobody was told of: the process died before their row was written. */
  async keepOnly(round: number, clients: readonly string[]): Promise<void> {
    const folder = join(this.accepted, String(round));
    for (const name of await readdir(folder).catch(() => [])) {
      if (!clients.includes(name)) await rm(join(folder, name), { force: true });
    }
  }
}

export async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (found) => found.size,
    () => 0,
  );
}
