import { type OperatorRole, operatorRoles } from '@perfit/protocol';
import { Command, Option } from 'commander';
import { wholeNumber } from '../numbers.ts';
import { openAdmin, type RemoteFlags, remoteCommand, table, tell } from '../remote/admin-api.ts';

export function keyCommand(): Command {
  return new Command('key')
    .description('API keys of a coordinator, for programs; the first is made with --user')
    .addCommand(
      remoteCommand('add')
        .description('makes a key, which is shown once')
        .argument('<label>', 'what it is for')
        .addOption(new Option('--role <role>', 'what it may do').choices([...operatorRoles]).makeOptionMandatory())
        .option('--days <n>', 'how long it is good for', wholeNumber(1, 3650), 90)
        .option('--forever', 'until it is revoked', false)
        .action(add),
    )
    .addCommand(remoteCommand('list').description('lists the keys').action(list))
    .addCommand(remoteCommand('revoke').description('ends a key').argument('<id>').action(revoke));
}

async function add(
  label: string,
  flags: RemoteFlags & { role: OperatorRole; days: number; forever: boolean },
): Promise<void> {
  const admin = await openAdmin(flags);
  const made = await admin.addKey({ label, role: flags.role, expiresInDays: flags.forever ? null : flags.days });
  tell(flags, made, made.key);
}

async function list(flags: RemoteFlags): Promise<void> {
  const keys = await (await openAdmin(flags)).keys();
  const rows = keys.map(({ id, label, role, createdBy, expiresAt, lastUsed, revokedAt }) => ({
    id,
    label,
    role,
    by: createdBy,
    expires: revokedAt ? 'revoked' : (expiresAt ?? 'never'),
    'last used': lastUsed ?? 'never',
  }));
  tell(flags, keys, table(rows));
}

async function revoke(id: string, flags: RemoteFlags): Promise<void> {
  await (await openAdmin(flags)).revokeKey(id);
  tell(flags, { revoked: id }, `${id} is revoked.`);
}
