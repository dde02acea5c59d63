// The types of the rooms that files lie in, and of the rooms that build on those: what a commit can break.
// `node scripts/check-staged-types.mjs FILE …`, paths from the root. Incremental, because it is waited for.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
const kept = join(root, 'node_modules', '.perfit', 'types');

const rooms = allRooms();
const touched = process.argv
  .slice(2)
  .map((file) => file.replaceAll('\\', '/'))
  .flatMap((file) => rooms.filter(({ place }) => file.startsWith(`${place}/`)));
const waiting = [...withDependents(touched)];
mkdirSync(kept, { recursive: true });
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let room = waiting.shift(); room; room = waiting.shift()) await check(room);
  }),
);

function allRooms() {
  const places = ['apps', 'packages'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => `${folder}/${name}`),
  );
  return [...places, 'e2e']
    .filter((place) => existsSync(join(root, place, 'tsconfig.json')))
    .map((place) => {
      const { name, dependencies, devDependencies } = JSON.parse(
        readFileSync(join(root, place, 'package.json'), 'utf8'),
      );
      return { place, name, uses: Object.keys({ ...dependencies, ...devDependencies }) };
    });
}

function withDependents(some) {
  const found = new Set(some);
  // A set that grows while it is walked is walked to its end.
  for (const { name } of found) for (const room of rooms) if (room.uses.includes(name)) found.add(room);
  return found;
}

function check({ place }) {
  const started = Date.now();
  const memory = join(kept, `${place.replaceAll('/', '-')}.tsbuildinfo`);
  const args = [tsc, '--noEmit', '--incremental', '--tsBuildInfoFile', memory, '-p', place];
  const child = spawn(process.execPath, args, { cwd: root });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => said.push(bytes));
  return new Promise((resolve) => {
    child.once('close', (code) => {
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      process.stdout.write(
        `${Buffer.concat(said)}types of ${place}: ${code === 0 ? 'hold' : 'BROKEN'} (${seconds} s)\n`,
      );
      if (code !== 0) process.exitCode = 1;
      resolve();
    });
  });
}
