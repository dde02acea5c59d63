import { randomBytes } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../blobs/durable-write.ts';

/** The key that signs operators' sessions: made at the first start, readable by its owner only. */
export async function loadSecret(directory: string): Promise<Uint8Array> {
  const path = join(directory, 'session-secret');
  try {
    const secret = await readFile(path);
    if (secret.length === 32) {
      await chmod(path, 0o600);
      return secret;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const secret = randomBytes(32);
  await writeDurably(path, secret, 0o600);
  return secret;
}
