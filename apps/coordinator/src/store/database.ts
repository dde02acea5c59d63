import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import { sql } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite';
import type { Pool, PoolClient } from 'pg';
import { StartupError } from '../startup-error.ts';

/** Both drivers, as one: the same schema, the same statements. */
export type Database = PgDatabase<PgQueryResultHKT>;

export interface OpenDatabase {
  readonly database: Database;
  readonly kind: 'pglite' | 'postgres';
  close(): Promise<void>;
}

/** Postgres embedded in `directory`, or the server that `url` names; its tables are brought up to date, or up to the migrations of `only`. */
export async function openDatabase(
  directory: string,
  url?: string,
  only?: { readonly migrations: readonly string[] },
): Promise<OpenDatabase> {
  const open = url ? await openPostgres(url) : await openPglite(directory);
  try {
    await migrate(open.database, only?.migrations);
    return open;
  } catch (error) {
    await open.close().catch(() => {});
    const where = url ? 'The database of DATABASE_URL' : `The database in ${directory}`;
    throw new StartupError('database', `${where} cannot be used: ${reasonOf(error)}.`, { cause: error });
  }
}

async function openPglite(directory: string): Promise<OpenDatabase> {
  try {
    const client = inSlices(await PGlite.create(directory));
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

/** The embedded database computes on the event loop, and starts its next statement before anything else has its turn. */
const SLICE_MS = 5;

/** Lets the event loop turn between statements, so that hundreds of them that wait do not hold up everything else. */
function inSlices(client: PGlite): PGlite {
  const execute = client.execProtocolRaw.bind(client);
  let begun = performance.now();
  client.execProtocolRaw = async (message, options) => {
    if (performance.now() - begun > SLICE_MS) {
      await turn();
      begun = performance.now();
    }
    return execute(message, options);
  };
  return client;
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
    const lock = await LockHolder.take(pool);
    return {
      database: drizzlePostgres(pool) as unknown as Database,
      kind: 'postgres',
      async close() {
        await lock.release();
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
const LOCK_RETRY_MS = 1_000;
const LOCK_NOT_AVAILABLE = '55P03';

/** The session that has the lock. A server that was away has forgotten it: then it is taken again. */
class LockHolder {
  private readonly pool: Pool;
  private session: PoolClient | null = null;
  private retry: NodeJS.Timeout | null = null;
  private isReleased = false;

  private constructor(pool: Pool) {
    this.pool = pool;
  }

  static async take(pool: Pool): Promise<LockHolder> {
    const holder = new LockHolder(pool);
    await holder.hold();
    return holder;
  }

  async release(): Promise<void> {
    this.isReleased = true;
    if (this.retry) clearTimeout(this.retry);
    await this.session?.query('select pg_advisory_unlock($1)', [COORDINATOR_LOCK]).catch(() => {});
    this.session?.release(true);
    this.session = null;
  }

  private async hold(): Promise<void> {
    const session = await this.pool.connect();
    session.once('error', () => this.lose(session));
    if (await holds(session)) {
      this.session = session;
      return;
    }
    session.release(true);
    throw new Error('it is in use by another coordinator');
  }

  private lose(session: PoolClient): void {
    if (this.session !== session) return;
    this.session = null;
    session.release(true);
    const again = () => {
      if (this.isReleased) return;
      this.hold().catch(() => {
        this.retry = setTimeout(again, LOCK_RETRY_MS);
      });
    };
    this.retry = setTimeout(again, LOCK_RETRY_MS);
  }
}

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
export async function migrate(database: Database, only?: readonly string[]): Promise<void> {
  const there = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort();
  const unknown = only?.find((name) => !there.includes(name));
  if (unknown) throw new Error(`it was made by a newer version, which has "${unknown}"`);
  const files = there.filter((name) => only?.includes(name) ?? true);
  await database.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`);
    await tx.execute(sql`create table if not exists migrations (name text primary key, run_at timestamptz not null)`);
    const done = new Set(await ranMigrations(tx));
    for (const file of files.filter((name) => !done.has(name))) {
      for (const statement of statementsOf(await readFile(join(MIGRATIONS, file), 'utf8'))) {
        await tx.execute(sql.raw(statement));
      }
      await tx.execute(sql`insert into migrations (name, run_at) values (${file}, now())`);
    }
  });
}

/** The names of those that have run, in their order. */
export async function ranMigrations(database: Database): Promise<string[]> {
  const result = await database.execute(sql`select name from migrations order by name`);
  return (result as unknown as { rows: { name: string }[] }).rows.map((row) => row.name);
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
