import { apiKeyCreatedSchema, apiKeyViewSchema, operatorRoles } from '@perfit/protocol';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { wholeNumber } from '../numbers.ts';
import { AdminApi, type RemoteFlags, remoteCommand, table, tell } from '../remote/admin-api.ts';

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
  flags: RemoteFlags & { role: string; days: number; forever: boolean },
): Promise<void> {
  const api = await AdminApi.open(flags);
  const wanted = { label, role: flags.role, expiresInDays: flags.forever ? null : flags.days };
  const made = await api.json(apiKeyCreatedSchema, 'POST', '/api/admin/keys', wanted);
  tell(flags, made, made.key);
}

async function list(flags: RemoteFlags): Promise<void> {
  const api = await AdminApi.open(flags);
  const keys = await api.json(z.array(apiKeyViewSchema), 'GET', '/api/admin/keys');
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
  const api = await AdminApi.open(flags);
  await api.json(z.object({}), 'DELETE', `/api/admin/keys/${encodeURIComponent(id)}`);
  tell(flags, { revoked: id }, `${id} is revoked.`);
}
