import { Command } from 'commander';
import { benchCommand } from './commands/bench.ts';
import { evalCommand } from './commands/eval.ts';
import { exportCommand } from './commands/export.ts';
import { joinCommand } from './commands/join.ts';
import { parityCommand } from './commands/parity.ts';
import { pullCommand } from './commands/pull.ts';
import { reportCommand } from './commands/report.ts';
import { serveCommand } from './commands/serve.ts';
import { simulateCommand } from './commands/simulate.ts';
import { tuneCommand } from './commands/tune.ts';
import { explain } from './explain.ts';

const program = new Command('perfit')
  .description('Tune a language model together, on text that never leaves its owner (PerFIT, arXiv 2402.16919).')
  .version('0.1.0')
  .showHelpAfterError('(perfit COMMAND --help tells more)')
  .addHelpText(
    'after',
    '\nExit codes: 0 done; 1 it failed, with a sentence that says why; 2 the command line is wrong.',
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

const commands = [
  serveCommand,
  pullCommand,
  joinCommand,
  simulateCommand,
  reportCommand,
  tuneCommand,
  evalCommand,
  exportCommand,
  parityCommand,
  benchCommand,
];
for (const command of commands) program.addCommand(command().copyInheritedSettings(program));

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}
