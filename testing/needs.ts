import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject, type TestOptions } from 'vitest';
import { isLongForm, longFormReason } from './form.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** What global set-up found. */
    webGpu: { readonly adapter: 'hardware' | 'software' | 'none' };
  }
  interface TaskMeta {
    /** Why it was skipped; the run's last lines name it. */
    leftOut?: string;
  }
}

/**
 * Options of a test or suite that needs something which not every machine has: where that is missing it is skipped, and
 * the run's last lines say why.
 * @example describe('FusedAdamW', needsWebGpu, () => { … })
 */
function needs(isThere: boolean, leftOut: string): TestOptions {
  return isThere ? {} : { skip: true, meta: { leftOut } };
}

/** Of a test that has no short form: what it shows is shown smaller by another. */
export const longFormOnly = needs(isLongForm, longFormReason);

/** A WebGPU adapter in Node. */
export const needsWebGpu = needs(
  inject('webGpu').adapter !== 'none',
  "no WebGPU adapter in Node, not even Chromium's software one",
);

export const isRoot = process.getuid?.() === 0;

/** Where Debian has a server's programs, which it keeps off the path. */
const debianPostgres = '/usr/lib/postgresql';
const postgresFolder = existsSync(debianPostgres)
  ? readdirSync(debianPostgres)
      .map((version) => join(debianPostgres, version, 'bin'))
      .at(-1)
  : undefined;

/** A command line for one of Postgres' programs, which do not run as root: then the account `postgres` does. */
export function asPostgres(program: string, parameters: string[]): [string, string[]] {
  const path = postgresFolder ? join(postgresFolder, program) : program;
  return isRoot ? ['runuser', ['-u', 'postgres', '--', path, ...parameters]] : [path, parameters];
}

/** A Postgres server's programs. */
export function needsPostgres(): TestOptions {
  const isThere = ['initdb', 'pg_ctl'].every((name) => {
    const [program, parameters] = asPostgres(name, ['--version']);
    return spawnSync(program, parameters).status === 0;
  });
  return needs(isThere, 'no Postgres server on this machine');
}

/** To mount a small disk, which takes root. */
export function needsMount(): TestOptions {
  return needs(mayMount(), 'no right to mount a disk');
}

function mayMount(): boolean {
  if (!isRoot) return false;
  const folder = join(tmpdir(), `perfit-may-mount-${process.pid}`);
  const mounted =
    spawnSync('mkdir', ['-p', folder]).status === 0 &&
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  if (mounted) spawnSync('umount', [folder]);
  return mounted;
}

const repository = fileURLToPath(new URL('..', import.meta.url));

/** Where `scripts/install-elsewhere.sh` puts the programs that exported models are held against. */
export const elsewhere = join(repository, '.perfit', 'elsewhere');

export const needsTransformers = needs(
  existsSync(join(elsewhere, 'python', 'bin', 'python')),
  'no transformers and PEFT: scripts/install-elsewhere.sh',
);

export const needsLlamaCpp = needs(
  existsSync(join(elsewhere, 'node_modules', 'node-llama-cpp')),
  'no llama.cpp: scripts/install-elsewhere.sh',
);

/** Where material lies that is beside the project and no part of it; it may be missing. @param path from there */
export function besideProject(path: string): string {
  return join(repository, '..', 'shared', path);
}

/** A file or folder, in the project or beside it. */
export function needsFile(path: string): TestOptions {
  return needs(existsSync(path), `no ${relative(repository, path)}`);
}
