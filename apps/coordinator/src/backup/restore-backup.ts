import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { z } from 'zod';
import { writeDurably } from '../blobs/durable-write.ts';
import { lockDataDirectory } from '../data-directory/lock.ts';
import { StartupError } from '../startup-error.ts';
import { migrate, openDatabase } from '../store/database.ts';
import { fillTables, type TableDump } from './tables.ts';

const headSchema = z.object({ format: z.literal(1), createdAt: z.iso.datetime(), migrations: z.array(z.string()) });

/** What may be in an archive, and nothing that leads out of the data directory. */
const TABLE = /^tables\/([a-z_]+)\.jsonl$/;
const BLOB = /^blobs\/([0-9a-f]{64})$/;
const DELTA = /^spool\/[a-z0-9-]{1,40}\/\d{1,9}\/[A-Za-z0-9_-]{22}$/;

export interface RestoreOptions {
  /** A backup's file. */
  readonly file: string;
  /** Is made; there must be nothing in it. */
  readonly dataDirectory: string;
  /** A Postgres server without tables instead of the embedded database. */
  readonly databaseUrl?: string;
}

/** Makes a data directory of a backup. @throws StartupError with a sentence, where it is none or there is something already */
export async function restoreBackup({ file, dataDirectory, databaseUrl }: RestoreOptions): Promise<void> {
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  if ((await readdir(dataDirectory)).length > 0) {
    throw new StartupError(
      'data-directory',
      `There is something in ${dataDirectory}; restore into an empty directory.`,
    );
  }
  const unlock = await lockDataDirectory(dataDirectory);
  try {
    const { migrations, tables } = await unpack(file, dataDirectory);
    const open = await openDatabase(join(dataDirectory, 'database'), databaseUrl, { migrations });
    try {
      await fillTables(open.database, tables);
      await migrate(open.database);
    } finally {
      await open.close();
    }
  } finally {
    await unlock();
  }
}

async function unpack(file: string, dataDirectory: string) {
  const tables: TableDump[] = [];
  let head: z.infer<typeof headSchema> | null = null;
  try {
    for await (const entry of createReadStream(file).pipe(extract())) {
      const { name } = entry.header;
      const bytes = await buffer(entry);
      const table = TABLE.exec(name)?.[1];
      const hash = BLOB.exec(name)?.[1];
      if (name === 'backup.json') head = headSchema.parse(JSON.parse(bytes.toString('utf8')));
      else if (table) tables.push({ name: table, lines: bytes.toString('utf8') });
      else if (DELTA.test(name) || hash === createHash('sha256').update(bytes).digest('hex')) {
        const path = join(dataDirectory, name);
        await mkdir(dirname(path), { recursive: true });
        await writeDurably(path, bytes);
      } else throw new Error(`"${name}" is damaged or does not belong into one`);
    }
  } catch (error) {
    throw notABackup(file, error instanceof Error ? error.message : String(error));
  }
  if (!head || tables.length === 0) throw notABackup(file, 'it has no tables');
  return { migrations: head.migrations, tables };
}

function notABackup(file: string, reason: string): StartupError {
  return new StartupError('backup', `${file} is not a whole backup: ${reason}.`);
}
