import { readFileSync, writeFileSync } from 'node:fs';
import { type OperatorAction, operatorActions } from '@perfit/protocol';
import type { AdminClient } from '@perfit/protocol/admin';
import { Command, Option } from 'commander';
import { parse } from 'yaml';
import { z } from 'zod';
import { wholeNumber } from '../numbers.ts';
import { openAdmin, RemoteError, type RemoteFlags, remoteCommand, table, tell } from '../remote/admin-api.ts';

interface ExportFlags extends RemoteFlags {
  readonly format: 'json' | 'csv' | 'peft';
  readonly round?: number;
  readonly out?: string;
}

export function federationCommand(): Command {
  const command = new Command('federation')
    .description('federations of a coordinator, by its API')
    .addCommand(
      remoteCommand('create')
        .description('makes one from a configuration, JSON or YAML')
        .argument('<file>')
        .option('--id <id>', 'an id of your choice')
        .option('--start', 'and starts it', false)
        .action(create),
    )
    .addCommand(remoteCommand('list').description('lists all').action(list))
    .addCommand(remoteCommand('show').description('shows one').argument('<id>').action(show));
  for (const action of operatorActions) {
    command.addCommand(
      remoteCommand(action)
        .description(`${action}s it`)
        .argument('<id>')
        .action((id: string, flags: RemoteFlags) => act(id, action, flags)),
    );
  }
  return command.addCommand(
    remoteCommand('export')
      .description('writes its results, or the adapter of any committed round')
      .argument('<id>')
      .addOption(
        new Option('--format <name>', 'results as json or csv, or the adapter as peft')
          .choices(['json', 'csv', 'peft'])
          .default('json'),
      )
      .option('--round <n>', 'whose adapter; the last without it', wholeNumber(0))
      .option('--out <path>', 'a file, or a folder for peft; standard output without it')
      .action(write),
  );
}

async function create(file: string, flags: RemoteFlags & { id?: string; start: boolean }): Promise<void> {
  const admin = await openAdmin(flags);
  const config = await withRecipe(configurationIn(file), admin);
  const made = await admin.create(flags.id === undefined ? config : { ...config, id: flags.id });
  if (flags.start) await admin.act(made.id, 'start');
  tell(flags, made, `${made.id}: ${made.joinUrl}`);
}

/** With what a model of its size is tuned with as a rule, where nobody says it. */
async function withRecipe(config: Record<string, unknown>, admin: AdminClient): Promise<Record<string, unknown>> {
  const tuning = z.record(z.string(), z.unknown()).safeParse(config.tuning ?? {});
  if (!tuning.success) return config;
  const recipe = (await admin.models()).find(({ id }) => id === config.model)?.recipe;
  return recipe ? { ...config, tuning: { ...recipe, ...tuning.data } } : config;
}

/** The coordinator checks what it says; here it only has to be an object. */
function configurationIn(file: string): Record<string, unknown> {
  let read: unknown;
  try {
    // YAML 1.2 has JSON in it.
    read = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new RemoteError('usage', `${file} cannot be read: ${(error as Error).message}`, 'usage');
  }
  const object = z.record(z.string(), z.unknown()).safeParse(read);
  if (object.success) return object.data;
  throw new RemoteError('usage', `${file} is no configuration of a federation.`, 'usage');
}

async function list(flags: RemoteFlags): Promise<void> {
  const all = await (await openAdmin(flags)).federations();
  const rows = all.map(({ id, config, status }) => ({
    id,
    name: config.name,
    state: status.state,
    round: `${status.version}/${status.rounds}`,
    ready: status.ready,
  }));
  tell(flags, all, table(rows));
}

async function show(id: string, flags: RemoteFlags): Promise<void> {
  const detail = await (await openAdmin(flags)).detail(id);
  const { status, actions, rounds, clients } = detail;
  const lines = [
    `${detail.id} is ${status.state}, ${status.version} of ${status.rounds} rounds are committed, ${status.ready} clients are ready.`,
    `It can: ${actions.join(', ') || 'nothing more'}.`,
    '',
    table(
      rounds.map(({ number, attempt, state, submissions, reason }) => ({
        round: number,
        attempt,
        state,
        submissions: submissions.length,
        why: reason ?? '',
      })),
    ),
    '',
    table(
      clients.map(({ id: client, name, connected, device }) => ({
        client,
        name,
        here: connected ? 'yes' : 'no',
        device: device.description,
      })),
    ),
  ];
  tell(flags, detail, lines.join('\n'));
}

async function act(id: string, action: OperatorAction, flags: RemoteFlags): Promise<void> {
  const detail = await (await openAdmin(flags)).act(id, action);
  tell(flags, detail.status, `${id} is ${detail.status.state}.`);
}

async function write(id: string, flags: ExportFlags): Promise<void> {
  const admin = await openAdmin(flags);
  switch (flags.format) {
    case 'json': {
      const { config, status, rounds } = await admin.detail(id);
      return put(flags, `${JSON.stringify({ id, config, status, rounds }, null, 2)}\n`);
    }
    case 'csv':
      return put(flags, await admin.resultsCsv(id));
    case 'peft': {
      // Whoever only asks waits for no TensorFlow.js.
      const { writePeft } = await import('../remote/write-peft.ts');
      if (!flags.out) throw new RemoteError('usage', 'An adapter is a folder: say where with --out.', 'usage');
      const written = await writePeft(admin, await admin.detail(id), { round: flags.round, out: flags.out });
      return tell(flags, written, `Round ${written.round}'s adapter is in ${written.out}.`);
    }
  }
}

function put({ out }: ExportFlags, content: string): void {
  if (!out) {
    process.stdout.write(content);
    return;
  }
  try {
    writeFileSync(out, content);
  } catch (error) {
    throw new RemoteError('usage', `${out} cannot be written: ${(error as Error).message}`, 'usage');
  }
}
