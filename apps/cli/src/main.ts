import { Command } from 'commander';
import { exitCodeOf, explain } from './explain.ts';

const program = new Command('perfit')
  .description('Tune a language model together, on text that never leaves its owner (PerFIT, arXiv 2402.16919).')
  .version('0.1.0')
  .showHelpAfterError('(perfit COMMAND --help tells more)')
  .addHelpText(
    'after',
    '\nExit codes: 0 done; 1 it failed, with a sentence that says why; 2 the command line is wrong.',
  )
  // What stands behind a command's name belongs to that command, whatever the commands above it call theirs.
  .enablePositionalOptions()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

/** Each with its libraries: whoever serves waits for no TensorFlow.js, and whoever tunes for no database. */
const commands: Record<string, () => Promise<() => Command>> = {
  serve: async () => (await import('./commands/serve.ts')).serveCommand,
  federation: async () => (await import('./commands/federation.ts')).federationCommand,
  user: async () => (await import('./commands/user.ts')).userCommand,
  key: async () => (await import('./commands/key.ts')).keyCommand,
  backup: async () => (await import('./commands/backup.ts')).backupCommand,
  restore: async () => (await import('./commands/backup.ts')).restoreCommand,
  pull: async () => (await import('./commands/pull.ts')).pullCommand,
  join: async () => (await import('./commands/join.ts')).joinCommand,
  simulate: async () => (await import('./commands/simulate.ts')).simulateCommand,
  report: async () => (await import('./commands/report.ts')).reportCommand,
  tune: async () => (await import('./commands/tune.ts')).tuneCommand,
  chat: async () => (await import('./commands/chat.ts')).chatCommand,
  eval: async () => (await import('./commands/eval.ts')).evalCommand,
  export: async () => (await import('./commands/export.ts')).exportCommand,
  parity: async () => (await import('./commands/parity.ts')).parityCommand,
  bench: async () => {
    const [{ benchCommand }, { benchCoordinatorCommand }] = await Promise.all([
      import('./commands/bench.ts'),
      import('./commands/bench-coordinator.ts'),
    ]);
    return () => benchCommand().addCommand(benchCoordinatorCommand());
  },
};
const asked = process.argv[2] ?? '';
const wanted = Object.hasOwn(commands, asked) ? [asked] : Object.keys(commands);
for (const name of wanted) {
  const command = await commands[name]?.();
  if (command) program.addCommand(command().copyInheritedSettings(program));
}

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = exitCodeOf(error);
}
