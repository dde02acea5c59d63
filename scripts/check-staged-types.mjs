// The types of the rooms that files lie in: `node scripts/check-staged-types.mjs FILE …`, paths from the root.
// Incremental, because it is waited for; and not those of the rooms that build on them, which all build on the protocol:
// that takes half a minute, and `npm test` does it.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
const kept = join(root, 'node_modules', '.perfit', 'types');

const rooms = process.argv.slice(2).map((file) => /^((?:apps|packages)[\\/][^\\/]+|e2e)[\\/]/.exec(file)?.[1]);
const waiting = [...new Set(rooms)].filter((room) => room && existsSync(join(root, room, 'tsconfig.json')));
mkdirSync(kept, { recursive: true });
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let room = waiting.shift(); room; room = waiting.shift()) await check(room);
  }),
);

function check(room) {
  const started = Date.now();
  const memory = join(kept, `${room.replaceAll(/[\\/]/g, '-')}.tsbuildinfo`);
  const args = [tsc, '--noEmit', '--incremental', '--tsBuildInfoFile', memory, '-p', room];
  const child = spawn(process.execPath, args, { cwd: root });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => said.push(bytes));
  return new Promise((resolve) => {
    child.once('close', (code) => {
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      process.stdout.write(
        `${Buffer.concat(said)}types of ${room}: ${code === 0 ? 'hold' : 'BROKEN'} (${seconds} s)\n`,
      );
      if (code !== 0) process.exitCode = 1;
      resolve();
    });
  });
}
