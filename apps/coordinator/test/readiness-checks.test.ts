import { join } from 'node:path';
import { ManualClock } from '@perfit/testkit';
import { type Folders, makeFolders } from '@perfit/testkit/coordinator';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readiness } from '../src/http/readiness.ts';
import { type OpenDatabase, openDatabase } from '../src/store/database.ts';
import { SqlStore, type Store } from '../src/store/store.ts';

let folders: Folders;
let database: OpenDatabase;
let store: Store;
const clock = new ManualClock();

beforeAll(async () => {
  folders = await makeFolders();
  database = await openDatabase(join(folders.dataDirectory, 'database'));
  store = new SqlStore(database.database);
}, 120_000);

afterAll(() => folders.remove());

const fine = { ok: true };

describe('readiness', () => {
  it('is there where database, migrations and disk are', async () => {
    const { dataDirectory } = folders;
    expect(await readiness({ store, dataDirectory, clock })).toEqual({
      status: 'ready',
      checks: { database: fine, migrations: fine, disk: fine },
    });
  });

  it('says that the data directory is not there', async () => {
    const gone = await readiness({ store, dataDirectory: join(folders.root, 'elsewhere'), clock });
    expect(gone.checks.disk).toEqual({ ok: false, reason: 'The data directory cannot be written to (ENOENT).' });
  });

  it('does not wait for a database that hangs', async () => {
    const hanging = { ping: () => new Promise<void>(() => {}), migrations: () => store.migrations() };
    const asked = readiness({ store: hanging, dataDirectory: folders.dataDirectory, clock });
    clock.advance(3_000);
    expect((await asked).checks.database).toEqual({ ok: false, reason: 'No answer within 3 seconds.' });
  });

  it('names a migration that has not run, and a database that is gone', async () => {
    const { dataDirectory } = folders;
    await database.database.execute(sql`delete from migrations where name = '0003-owners.sql'`);
    expect((await readiness({ store, dataDirectory, clock })).checks).toEqual({
      database: fine,
      migrations: { ok: false, reason: 'The database has not run 0003-owners.sql: start the coordinator again.' },
      disk: fine,
    });
    await database.close();
    expect(await readiness({ store, dataDirectory, clock })).toMatchObject({
      status: 'not-ready',
      checks: {
        database: { ok: false, reason: 'The database does not answer.' },
        migrations: { ok: false },
        disk: fine,
      },
    });
  });
});
