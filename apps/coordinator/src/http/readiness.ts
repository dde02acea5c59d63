import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { roomProblem, storageProblem } from '../data-directory/storage-problem.ts';
import type { Store } from '../store/store.ts';

export interface ReadinessParts {
  readonly store: Pick<Store, 'ping' | 'migrations'>;
  readonly dataDirectory: string;
  readonly clock: Clock;
}

/** One thing that must be right, with a sentence where it is not. Nothing of this is a secret: anybody may ask. */
type Check = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export interface Readiness {
  readonly status: 'ready' | 'not-ready';
  readonly checks: Readonly<Record<'database' | 'migrations' | 'disk', Check>>;
}

/** A database that hangs is one that does not answer. */
const PATIENCE_MS = 3_000;
const MIGRATIONS = join(import.meta.dirname, '../store/migrations');

/** Whether rounds can go on: the database answers and is of this version, and the data directory takes more. */
export async function readiness(parts: ReadinessParts): Promise<Readiness> {
  const [database, migrations, disk] = await Promise.all([
    answered(parts, databaseCheck(parts.store)),
    answered(parts, migrationsCheck(parts.store)),
    answered(parts, diskCheck(parts)),
  ]);
  const checks = { database, migrations, disk };
  return { status: Object.values(checks).every(({ ok }) => ok) ? 'ready' : 'not-ready', checks };
}

function answered({ clock }: ReadinessParts, check: Promise<Check>): Promise<Check> {
  let cancel = () => {};
  const late = new Promise<Check>((resolve) => {
    cancel = clock.after(PATIENCE_MS, () => resolve(failed(`No answer within ${PATIENCE_MS / 1000} seconds.`)));
  });
  return Promise.race([check, late]).finally(() => cancel());
}

async function databaseCheck(store: ReadinessParts['store']): Promise<Check> {
  return store.ping().then(
    () => ({ ok: true }),
    () => failed('The database does not answer.'),
  );
}

async function migrationsCheck(store: ReadinessParts['store']): Promise<Check> {
  try {
    const done = await store.migrations();
    const files = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql'));
    const missing = files.filter((name) => !done.includes(name));
    return missing.length === 0
      ? { ok: true }
      : failed(`The database has not run ${missing.join(', ')}: start the coordinator again.`);
  } catch {
    return failed('The database does not say which migrations it has run.');
  }
}

/** Nothing is written for it: anybody may ask, as often as they like. */
async function diskCheck({ dataDirectory }: ReadinessParts): Promise<Check> {
  try {
    await access(dataDirectory, constants.R_OK | constants.W_OK);
    const problem = await roomProblem(dataDirectory, 0);
    return problem === null ? { ok: true } : failed(problem);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    return failed(storageProblem(error) ?? `The data directory cannot be written to (${code}).`);
  }
}

function failed(reason: string): Check {
  return { ok: false, reason };
}
