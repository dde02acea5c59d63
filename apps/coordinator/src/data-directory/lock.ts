import { randomUUID } from 'node:crypto';
import { link, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartupError } from '../startup-error.ts';

/**
 * One coordinator a data directory: PGlite takes no lock of its own and two of them destroy each other's files.
 * The lock names a process; one whose process is gone is taken over.
 * @returns a function that gives the lock back
 */
export async function lockDataDirectory(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, 'coordinator.lock');
  const mine = join(directory, `coordinator.lock.${randomUUID()}`);
  const owner = JSON.stringify({ pid: process.pid, started: await startOf(process.pid) });
  await writeFile(mine, owner);
  try {
    // A hard link either comes to be or fails: there is no moment at which two processes both have it.
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        await link(mine, path);
        return async () => {
          if ((await readFile(path, 'utf8').catch(() => '')) === owner) await unlink(path);
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        const holder = await readHolder(path);
        if (holder && (await isAlive(holder))) {
          throw new StartupError(
            'data-directory-in-use',
            `The data directory ${directory} is in use by another coordinator (process ${holder.pid}).`,
          );
        }
        await rm(path, { force: true });
      }
    }
    throw new StartupError(
      'data-directory-in-use',
      `The data directory ${directory} is in use: its lock is contended.`,
    );
  } finally {
    await rm(mine, { force: true });
  }
}

interface Holder {
  readonly pid: number;
  /** When the process started, where the system says so: a pid alone may have gone to another process. */
  readonly started: string | null;
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    const { pid, started } = JSON.parse(await readFile(path, 'utf8')) as Partial<Holder>;
    return Number.isInteger(pid) ? { pid: pid as number, started: started ?? null } : null;
  } catch {
    return null;
  }
}

async function isAlive({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return started === null || (await startOf(pid)) === started;
}

/** Linux: field 22 of /proc/PID/stat, counted behind the name, which may hold spaces. Elsewhere null. */
async function startOf(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A killed process that nobody has waited for yet is a zombie: it holds nothing.
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
