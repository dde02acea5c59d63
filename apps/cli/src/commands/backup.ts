import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { restoreBackup } from '@perfit/coordinator';
import { Command } from 'commander';
import { openAdmin, type RemoteFlags, remoteCommand, tell } from '../remote/admin-api.ts';

interface BackupFlags extends RemoteFlags {
  readonly out: string;
}

export function backupCommand(): Command {
  return remoteCommand('backup')
    .description('writes everything of a running coordinator to a file, while its rounds go on; needs the role "admin"')
    .requiredOption('--out <file>', 'a tar archive; one that is there is replaced when the new one is whole')
    .action(backup);
}

export function restoreCommand(): Command {
  return new Command('restore')
    .description('makes a data directory of a backup')
    .argument('<file>', 'what perfit backup has written')
    .requiredOption('--data <dir>', 'is made; there must be nothing in it')
    .option('--database-url <url>', 'a Postgres server without tables instead of the embedded database')
    .action((file: string, { data, databaseUrl }: { data: string; databaseUrl?: string }) =>
      restoreBackup({
        file: resolve(file),
        dataDirectory: resolve(data),
        ...(databaseUrl ? { databaseUrl } : {}),
      }),
    );
}

async function backup({ out, ...flags }: BackupFlags): Promise<void> {
  const archive = await (await openAdmin(flags)).backup();
  const half = `${resolve(out)}.part`;
  try {
    await pipeline(Readable.fromWeb(archive as ReadableStream), createWriteStream(half, { mode: 0o600 }));
    await rename(half, resolve(out));
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
  tell(flags, { file: resolve(out) }, resolve(out));
}
