// The types of the rooms that files lie in: `node scripts/check-staged-types.mjs FILE …`, paths from the root.
// Incremental, because it is waited for; and not those of the rooms that build on them, which all build on the protocol:
// that takes half a minute, and `npm test` does it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { binary, rooms } from './checks.mjs';
import { root } from './setup.mjs';
import { overheard, sideBySide } from './side-by-side.mjs';

const kept = join(root, 'node_modules', '.perfit', 'types');
mkdirSync(kept, { recursive: true });

const files = process.argv.slice(2).map((file) => file.replaceAll('\\', '/'));
await sideBySide(
  rooms.filter((room) => files.some((file) => file.startsWith(`${room}/`))),
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
