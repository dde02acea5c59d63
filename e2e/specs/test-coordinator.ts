import { createHash } from 'node:crypto';
import { constants, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdminClient } from '@perfit/protocol/admin';
import { CoordinatorProcess, projectRoot } from '../demo/coordinator-process.ts';
import { writeTinyModel } from './tiny-model.ts';

export const embeddedModel = 'perfit-nano';
export const tinyModel = 'tiny-llama';

const PASSWORD = 'a password of the tests';

/** A coordinator in its own process on its own folder, and its operator. */
export class TestCoordinator {
  readonly folder = mkdtempSync(join(tmpdir(), 'perfit-e2e-'));
  /** A folder of model folders, the embedded model and a tiny one in it; who has the coordinator alone may add others. */
  readonly models = join(this.folder, 'models');
  readonly login = { name: 'operator', password: PASSWORD };
  /** The built page; a test may give the next start a copy that it changes. */
  webDirectory = join(projectRoot, 'apps', 'web-client', 'dist');
  #process: CoordinatorProcess | null = null;
  #operator: AdminClient | null = null;
  #port = 0;

  constructor() {
    const nano = join(projectRoot, 'models', embeddedModel);
    copyFolder(nano, join(this.models, embeddedModel));
    writeTinyModel(join(this.models, tinyModel), nano);
  }

  get process(): CoordinatorProcess {
    if (!this.#process) throw new Error('no coordinator was started');
    return this.#process;
  }

  get operator(): AdminClient {
    if (!this.#operator) throw new Error('no operator is logged in');
    return this.#operator;
  }

  /** Also anew, after a kill, on what it had kept. */
  async start(): Promise<void> {
    this.#port ||= await freePort();
    const dataDirectory = join(this.folder, 'coordinator');
    if (!existsSync(dataDirectory)) copyFolder(await emptyDatabase(), join(dataDirectory, 'database'));
    this.#process = await CoordinatorProcess.start({
      dataDirectory,
      modelsDirectory: this.models,
      webDirectory: this.webDirectory,
      port: this.#port,
      operatorPassword: PASSWORD,
    });
    this.#operator = await AdminClient.signedIn({ url: this.#process.url, fetch }, this.login);
  }

  async close(): Promise<void> {
    await this.#process?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A first start of the embedded database takes seconds: it is done once for each state of the migrations. */
async function emptyDatabase(): Promise<string> {
  const migrations = join(projectRoot, 'apps/coordinator/src/store/migrations');
  const hash = createHash('sha256').update(PASSWORD);
  for (const name of readdirSync(migrations).sort()) hash.update(name).update(readFileSync(join(migrations, name)));
  const path = join(tmpdir(), `perfit-e2e-database-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(path)) return path;
  const draft = mkdtempSync(`${path}-draft-`);
  const models = join(projectRoot, 'models');
  const first = await CoordinatorProcess.start({
    dataDirectory: draft,
    modelsDirectory: models,
    operatorPassword: PASSWORD,
  });
  await first.stop();
  try {
    renameSync(join(draft, 'database'), path);
  } catch {
    // Another run was quicker.
  }
  rmSync(draft, { recursive: true, force: true });
  return path;
}

/** Shares the blocks where the file system can. */
export function copyFolder(from: string, to: string): void {
  cpSync(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
