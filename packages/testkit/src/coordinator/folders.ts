import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@perfit/coordinator/database';
import { tinyModel } from '../small-federation.ts';

export interface Folders {
  readonly root: string;
  readonly dataDirectory: string;
  readonly modelsDirectory: string;
  remove(): Promise<void>;
}

/** A data directory whose database is made already, and a models directory. */
export async function makeFolders(): Promise<Folders> {
  const root = await mkdtemp(join(tmpdir(), 'perfit-coordinator-'));
  const dataDirectory = join(root, 'data');
  const modelsDirectory = join(root, 'models');
  await mkdir(join(modelsDirectory, 'tiny'), { recursive: true });
  await writeFile(join(modelsDirectory, 'tiny', 'config.json'), JSON.stringify(tinyModel));
  await layEmptyDatabase(dataDirectory);
  return { root, dataDirectory, modelsDirectory, remove: () => rm(root, { recursive: true, force: true }) };
}

/** Makes a data directory in which a coordinator need not make its database first. */
export async function layEmptyDatabase(dataDirectory: string): Promise<void> {
  await mkdir(dataDirectory);
  const database = join(dataDirectory, 'database');
  await cp(await databaseTemplate(), database, { recursive: true, mode: constants.COPYFILE_FICLONE });
}

/** A first start of the embedded database takes seconds: it is done once for each state of the migrations. */
async function databaseTemplate(): Promise<string> {
  const folder = join(import.meta.dirname, '../../../../apps/coordinator/src/store/migrations');
  const hash = createHash('sha256');
  for (const name of (await readdir(folder)).sort()) hash.update(name).update(await readFile(join(folder, name)));
  const path = join(tmpdir(), `perfit-database-template-${hash.digest('hex').slice(0, 16)}`);
  if ((await readdir(path).catch(() => [])).length > 0) return path;
  const draft = await mkdtemp(`${path}-draft-`);
  await (await openDatabase(draft)).close();
  await rename(draft, path).catch(async () => rm(draft, { recursive: true, force: true }));
  return path;
}
