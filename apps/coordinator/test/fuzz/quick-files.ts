import { randomUUID } from 'node:crypto';
import { fs } from 'memfs';

type Files = typeof import('node:fs/promises');

let state = 1;

/** How long the files of the schedule that begins take, in turns of the event loop's queue: the same for the same seed. */
export function seedFiles(seed: number): void {
  state = seed | 1;
}

async function wait(): Promise<void> {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  for (let turns = (state >>> 16) % 5; turns > 0; turns--) await null;
}

/** A new folder in memory. */
export async function newFolder(): Promise<string> {
  const folder = `/fuzz/${randomUUID()}`;
  await fs.promises.mkdir(folder, { recursive: true });
  return folder;
}

/**
 * `node:fs/promises` in memory. A disk's answers come when its threads are done, in an order that no seed repeats, and
 * waiting for them was most of a schedule's time; these come in an order that the seed decides.
 */
export function quickFiles(): Partial<Files> {
  const names = ['chmod', 'link', 'lstat', 'mkdir', 'mkdtemp', 'open', 'readdir', 'readFile', 'rename', 'rm'] as const;
  const more = ['rmdir', 'stat', 'truncate', 'unlink', 'writeFile'] as const;
  const files = fs.promises as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>;
  const statfs = async () => ({ bavail: 1 << 30, bsize: 4096 });
  const inMemory = Object.fromEntries(
    [...names, ...more].map((name) => [
      name,
      async (...values: unknown[]) => {
        await wait();
        return files[name]?.(...values);
      },
    ]),
  );
  return { ...inMemory, statfs } as unknown as Partial<Files>;
}
