import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asPostgres, isRoot } from '../../../testing/needs.ts';

/** A Postgres server for one test, on a port of its own. */
export async function startPostgres(): Promise<{ url: string; goAway(): void; comeBack(): void; stop(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'perfit-postgres-'));
  if (isRoot) {
    execFileSync('chown', ['postgres', folder]);
    chmodSync(folder, 0o700);
  }
  const run = (program: string, parameters: string[]) => {
    const [file, all] = asPostgres(program, parameters);
    execFileSync(file, all, { cwd: tmpdir(), stdio: 'ignore' });
  };
  const data = join(folder, 'data');
  const port = await freePort();
  run('initdb', ['-D', data, '-U', 'perfit', '--auth=trust', '--no-sync']);
  const settings = `-p ${port} -h 127.0.0.1 -k ${folder} -F`;
  const start = () => run('pg_ctl', ['-D', data, '-o', settings, '-l', join(folder, 'log'), '-w', 'start']);
  const end = () => run('pg_ctl', ['-D', data, '-m', 'immediate', '-w', 'stop']);
  start();
  return {
    url: `postgres://perfit@127.0.0.1:${port}/postgres`,
    goAway: end,
    comeBack: start,
    stop() {
      end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
