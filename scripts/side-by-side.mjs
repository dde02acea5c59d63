import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { root } from './setup.mjs';

/** Does something with each, as many at a time as there are cores. */
export async function sideBySide(items, work) {
  const waiting = [...items];
  const next = async () => {
    while (waiting.length) await work(waiting.shift());
  };
  await Promise.all(Array.from({ length: availableParallelism() }, next));
}

/** Runs `node` with these arguments, at the root. @returns its status and all that it said */
export function overheard(args) {
  const child = spawn(process.execPath, args, { cwd: root });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => said.push(bytes));
  return new Promise((resolve) => {
    child.once('close', (status) => resolve({ status, output: Buffer.concat(said).toString() }));
  });
}
