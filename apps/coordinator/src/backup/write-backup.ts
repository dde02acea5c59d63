import { createReadStream } from 'node:fs';
import { link, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { type Database, ranMigrations } from '../store/database.ts';
import { dumpTables, type TableDump } from './tables.ts';

/** The first entry of every backup. */
interface BackupHead {
  readonly format: 1;
  readonly createdAt: string;
  /** What had been done to the tables: they are filled in the same shape. */
  readonly migrations: readonly string[];
}

export interface BackupSource {
  readonly dataDirectory: string;
  readonly database: Database;
  /** Runs the work while no federation moves. */
  withRoundsQuiesced<T>(work: () => Promise<T>): Promise<T>;
}

const UNDER_WAY = 'backups-under-way';

/** What a killed process has left: a delta is kept no longer than its round. */
export async function clearBackups(dataDirectory: string): Promise<void> {
  await rm(join(dataDirectory, UNDER_WAY), { recursive: true, force: true });
}

/**
 * Everything that a coordinator needs to go on elsewhere, as a tar archive: tables, blobs, and the accepted deltas of rounds
 * in progress. Federations stand still while the tables are read and those deltas are linked; blobs are only ever
 * added, so that those of the tables are all there afterwards. Operators' sessions and uploads under way are not in it.
 */
export async function writeBackup({ dataDirectory, database, withRoundsQuiesced }: BackupSource): Promise<Readable> {
  const folder = join(dataDirectory, UNDER_WAY);
  await mkdir(folder, { recursive: true });
  const held = await mkdtemp(join(folder, 'backup-'));
  const clear = () => rm(held, { recursive: true, force: true });
  try {
    const { head, tables } = await withRoundsQuiesced(async () => {
      await linkAll(join(dataDirectory, 'spool'), join(held, 'spool'));
      const migrations = await ranMigrations(database);
      return {
        head: { format: 1, createdAt: new Date().toISOString(), migrations } satisfies BackupHead,
        tables: await dumpTables(database),
      };
    });
    const archive = pack();
    fill(archive, { head, tables, held, blobs: join(dataDirectory, 'blobs') })
      .catch((error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))))
      .finally(clear);
    return Readable.from(archive);
  } catch (error) {
    await clear();
    throw error;
  }
}

interface Contents {
  readonly head: BackupHead;
  readonly tables: readonly TableDump[];
  readonly held: string;
  readonly blobs: string;
}

async function fill(archive: Pack, { head, tables, held, blobs }: Contents): Promise<void> {
  archive.entry({ name: 'backup.json' }, JSON.stringify(head));
  for (const { name, lines } of tables) archive.entry({ name: `tables/${name}.jsonl` }, lines);
  for (const path of await filesIn(blobs)) {
    if (!path.endsWith('.tmp')) await addFile(archive, path, `blobs/${relative(blobs, path)}`);
  }
  for (const path of await filesIn(held)) await addFile(archive, path, relative(held, path));
  archive.finalize();
}

async function addFile(archive: Pack, path: string, name: string): Promise<void> {
  const { size } = await stat(path);
  await pipeline(createReadStream(path), archive.entry({ name, size }));
}

async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Links instead of copies: they stay when the round is over, and take no room. */
async function linkAll(from: string, to: string): Promise<void> {
  for (const path of await filesIn(from)) {
    const target = join(to, relative(from, path));
    await mkdir(join(target, '..'), { recursive: true });
    await link(path, target);
  }
}
