import { benchCommand } from './commands/bench.ts';
import { explain } from './explain.ts';

/** `perfit bench` by itself: the entry of the folder that scripts/bundle-bench.mjs makes. */
try {
  await benchCommand().parseAsync();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}
// Dawn keeps the process alive.
process.exit();
