import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { sql } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite';
import type { PoolClient } from 'pg';
import { StartupError } from '../startup-error.ts';

/** Both drivers, as one: the same schema, the same statements. */
export type Database = PgDatabase<PgQueryResultHKT>;

export interface OpenDatabase {
  readonly database: Database;
  readonly kind: 'pglite' | 'postgres';
  close(): Promise<void>;
}

/** Postgres embedded in `directory`, or the server that `url` names; its tables are brought up to date. */
export async function openDatabase(directory: string, url?: string): Promise<OpenDatabase> {
  const open = url ? await openPostgres(url) : await openPglite(directory);
  try {
    await migrate(open.database);
    return open;
  } catch (error) {
    await open.close().catch(() => {});
    const where = url ? 'The database of DATABASE_URL' : `The database in ${directory}`;
    throw new StartupError('database', `${where} cannot be used: ${reasonOf(error)}.`, { cause: error });
  }
}

async function openPglite(directory: string): Promise<OpenDatabase> {
  try {
    const client = await PGlite.create(directory);
    return {
      database: drizzlePglite(client) as unknown as Database,
      kind: 'pglite',
      close: () => client.close(),
    };
  } catch (error) {
    throw new StartupError('database', `The database in ${directory} cannot be opened: ${reasonOf(error)}.`, {
      cause: error,
    });
  }
}

async function openPostgres(connectionString: string): Promise<OpenDatabase> {
  // Few coordinators need these: the others start without them.
  const [{ default: pg }, { drizzle: drizzlePostgres }] = await Promise.all([
    import('pg'),
    import('drizzle-orm/node-postgres'),
  ]);
  const pool = new pg.Pool({ connectionString, max: 10 });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {});
  try {
    const holder = await pool.connect();
    holder.on('error', () => {});
    if (!(await holds(holder))) {
      holder.release(true);
      throw new Error('it is in use by another coordinator');
    }
    return {
      database: drizzlePostgres(pool) as unknown as Database,
      kind: 'postgres',
      async close() {
        await holder.query('select pg_advisory_unlock($1)', [COORDINATOR_LOCK]).catch(() => {});
        holder.release(true);
        await pool.end();
      },
    };
  } catch (error) {
    await pool.end().catch(() => {});
    throw new StartupError('database', `The database of DATABASE_URL cannot be used: ${reasonOf(error)}.`, {
      cause: error,
    });
  }
}

/** Held as long as a coordinator runs: blobs and deltas lie in one data directory, which only one of them has. */
const COORDINATOR_LOCK = 7_262_417;
/** The server takes a moment to notice that the coordinator before this one was killed. */
const LOCK_WAIT_MS = 3_000;
const LOCK_NOT_AVAILABLE = '55P03';

async function holds(session: PoolClient): Promise<boolean> {
  try {
    await session.query(`set lock_timeout = ${LOCK_WAIT_MS}`);
    await session.query('select pg_advisory_lock($1)', [COORDINATOR_LOCK]);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}
const MIGRATIONS = join(import.meta.dirname, 'migrations');
/** Any number will do, as long as every coordinator takes the same. */
const MIGRATION_LOCK = 7_262_416;

/** Runs the files of migrations/ that have not run yet, in the order of their names, all in one transaction. */
async function migrate(database: Database): Promise<void> {
  const files = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort();
  await database.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`);
    await tx.execute(sql`create table if not exists migrations (name text primary key, run_at timestamptz not null)`);
    const result = await tx.execute(sql`select name from migrations`);
    const done = new Set((result as unknown as { rows: { name: string }[] }).rows.map((row) => row.name));
    for (const file of files.filter((name) => !done.has(name))) {
      for (const statement of statementsOf(await readFile(join(MIGRATIONS, file), 'utf8'))) {
        await tx.execute(sql.raw(statement));
      }
      await tx.execute(sql`insert into migrations (name, run_at) values (${file}, now())`);
    }
  });
}

/** PGlite runs one statement at a time in a transaction. Our migrations hold no semicolon but at a statement's end. */
function statementsOf(file: string): string[] {
  const withoutComments = file.replace(/--.*$/gm, '');
  return withoutComments
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof AggregateError) return cause.errors.map((each) => reasonOf(each)).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}
