import { newOperatorSchema, operatorRoles } from '@perfit/protocol';
import { Command, Option } from 'commander';
import { openAdmin, RemoteError, type RemoteFlags, remoteCommand, table, tell } from '../remote/admin-api.ts';

export function userCommand(): Command {
  return new Command('user')
    .description('who may use a coordinator’s operator page')
    .addCommand(
      remoteCommand('add')
        .description('adds an operator; the password is PERFIT_NEW_PASSWORD, or made up and shown once')
        .argument('<name>')
        .addOption(new Option('--role <role>', 'what they may do').choices([...operatorRoles]).makeOptionMandatory())
        .action(add),
    )
    .addCommand(remoteCommand('list').description('lists the operators').action(list))
    .addCommand(
      remoteCommand('remove')
        .description('removes an operator, its sessions and the keys that it made')
        .argument('<name>')
        .action(remove),
    );
}

async function add(name: string, flags: RemoteFlags & { role: string }): Promise<void> {
  const password = process.env.PERFIT_NEW_PASSWORD;
  const wanted = newOperatorSchema.safeParse({ name, role: flags.role, ...(password ? { password } : {}) });
  if (!wanted.success) {
    const [issue] = wanted.error.issues;
    throw new RemoteError('usage', `${issue?.path.join('.')}: ${issue?.message}.`, 'usage');
  }
  const made = await (await openAdmin(flags)).addOperator(wanted.data);
  tell(flags, made, `${made.name} is ${made.role}${made.password ? `, with ${made.password} (shown only now)` : ''}.`);
}

async function list(flags: RemoteFlags): Promise<void> {
  const operators = await (await openAdmin(flags)).operators();
  tell(flags, operators, table(operators.map(({ name, role, createdAt }) => ({ name, role, since: createdAt }))));
}

async function remove(name: string, flags: RemoteFlags): Promise<void> {
  await (await openAdmin(flags)).removeOperator(name);
  tell(flags, { removed: name }, `${name} is removed.`);
}
