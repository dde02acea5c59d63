import { rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../blobs/durable-write.ts';

/** What the database and a round's end need: uploads are refused while it is still free. */
const RESERVE_BYTES = 32 << 20;

const messages: Record<string, string> = {
  ENOSPC: 'The disk of the coordinator is full.',
  EDQUOT: 'The disk quota of the coordinator is used up.',
  EROFS: 'The disk of the coordinator is read-only.',
  EACCES: 'The coordinator may not write to its data directory.',
  EPERM: 'The coordinator may not write to its data directory.',
  EIO: 'The disk of the coordinator has failed at reading or writing.',
  EMFILE: 'The coordinator has too many files open.',
  ECONNREFUSED: 'The database of the coordinator does not answer.',
  ECONNRESET: 'The database of the coordinator has broken the connection off.',
  EPIPE: 'The database of the coordinator has broken the connection off.',
};
/** Postgres' classes: connections, shutting down or starting, and too little of what it needs. */
const postgresClasses: Record<string, string> = {
  '08': 'The database of the coordinator has broken the connection off.',
  '53': 'The database of the coordinator has no room or no connection left.',
  '57': 'The database of the coordinator is shut down or starts.',
  '58': 'The database of the coordinator cannot read or write.',
};

/** @returns a sentence for whoever waits, where disk or database are to blame for an error and it may pass; else null */
export function storageProblem(error: unknown): string | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code, message } = at as NodeJS.ErrnoException;
    if (code && messages[code]) return messages[code];
    const ofPostgres = code && /^[0-9A-Z]{5}$/.test(code) ? postgresClasses[code.slice(0, 2)] : undefined;
    if (ofPostgres) return ofPostgres;
    // node-postgres has no code for these.
    if (/^Connection terminated/.test(message)) return postgresClasses['08'] as string;
  }
  return null;
}

/** @returns a sentence where so many bytes more would leave too little room */
export async function roomProblem(folder: string, bytes: number): Promise<string | null> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize - bytes < RESERVE_BYTES ? (messages.ENOSPC as string) : null;
}

/** @returns a sentence where the data directory cannot be written to, or is nearly full */
export async function writingProblem(dataDirectory: string): Promise<string | null> {
  const path = join(dataDirectory, 'writable');
  try {
    await writeDurably(path, new TextEncoder().encode('The coordinator tries whether it can write here.\n'));
    await rm(path, { force: true });
    return await roomProblem(dataDirectory, 0);
  } catch (error) {
    return storageProblem(error) ?? `The data directory cannot be written to: ${String(error)}.`;
  }
}
