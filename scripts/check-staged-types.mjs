// The types of the rooms that are about to be committed: those that staged files lie in, all where a file is removed.
// Incremental, because it is waited for; and not those of the rooms that build on them, which all build on the protocol:
// that takes half a minute, and `npm test` does it.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { binary, rooms } from './checks.mjs';
import { root } from './setup.mjs';
import { overheard, sideBySide } from './side-by-side.mjs';

const kept = join(root, 'node_modules', '.perfit', 'types');
mkdirSync(kept, { recursive: true });

const staged = (filter) => {
  const args = ['diff', '--cached', '--name-only', '--no-renames', `--diff-filter=${filter}`];
  return spawnSync('git', args, { cwd: root, encoding: 'utf8' })
    .stdout.split('\n')
    .filter((file) => /\.tsx?$/.test(file));
};
const files = staged('d');
// Whoever imported it lies anywhere.
const isRemoved = staged('D').length > 0;
await sideBySide(
  rooms.filter((room) => isRemoved || files.some((file) => roomOf(file) === room)),
  async (room) => {
    const started = Date.now();
    const memory = join(kept, `${room.replaceAll('/', '-')}.tsbuildinfo`);
    const args = [
      binary('typescript', 'bin/tsc'),
      '--noEmit',
      '--incremental',
      '--tsBuildInfoFile',
      memory,
      '-p',
      room,
    ];
    const { status, output } = await overheard(args);
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    process.stdout.write(`${output}types of ${room}: ${status === 0 ? 'hold' : 'BROKEN'} (${seconds} s)\n`);
    if (status !== 0) process.exitCode = 1;
  },
);

/** Tests and configurations that lie in no room are of the room of what all tests share. */
function roomOf(file) {
  return rooms.find((room) => file.startsWith(`${room}/`)) ?? 'testing';
}
