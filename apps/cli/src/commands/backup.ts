import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { restoreBackup } from '@perfit/coordinator';
import { Command } from 'commander';
import { UsageError } from '../explain.ts';
import { Operator } from '../simulation/live/operator.ts';

interface BackupFlags {
  readonly url: string;
  readonly operator: string;
  readonly out: string;
}

export function backupCommand(): Command {
  return new Command('backup')
    .description('writes everything of a running coordinator to a file, while its rounds go on')
    .option('--url <url>', 'the coordinator', 'http://localhost:4173')
    .option('--operator <name>', 'who logs in', 'operator')
    .requiredOption('--out <file>', 'a tar archive; one that is there is replaced when the new one is whole')
    .addHelpText('after', '\nThe password comes from PERFIT_OPERATOR_PASSWORD.')
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

async function backup({ url, operator, out }: BackupFlags): Promise<void> {
  const password = process.env.PERFIT_OPERATOR_PASSWORD;
  if (!password) throw new UsageError('The password of the operator must be in PERFIT_OPERATOR_PASSWORD.');
  const session = await Operator.login(url, operator, password);
  const half = `${resolve(out)}.part`;
  try {
    await pipeline(
      Readable.fromWeb((await session.backup()) as ReadableStream),
      createWriteStream(half, { mode: 0o600 }),
    );
    await rename(half, resolve(out));
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
}
