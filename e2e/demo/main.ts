import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { strategyNames } from '@perfit/protocol';
import { Command, InvalidArgumentError, Option } from 'commander';
import { projectRoot } from './coordinator-process.ts';
import { filesOf } from './local-texts.ts';
import { renderReport } from './report.ts';
import { defaultData, defaultModel, type SimulationOptions, simulate } from './simulate.ts';
import { renderTable } from './table.ts';

const program = new Command('npm run demo --')
  .description('Runs a whole PerFIT federation in real browser tabs: join, search, tune, exchange, aggregate.')
  .option('--clients <n>', 'how many tabs (default: 3, or one a file of --data)', wholeNumber)
  .option('--rounds <n>', 'how many rounds', wholeNumber, 3)
  .addOption(
    new Option('--strategy <name>', 'what is trained, sent and averaged').choices([...strategyNames]).default('perfit'),
  )
  .option('--model <dir>', 'a Hugging Face folder, a GGUF file, or owner/name of the Hub', defaultModel)
  .option('--data <path...>', "the clients' local texts: files, or a folder", [defaultData])
  .option('--examples <n>', 'the most rows of its file that one client gets', wholeNumber, 96)
  .addOption(
    new Option('--backend <name>', 'where the tabs compute').choices(['auto', 'webgpu', 'wasm']).default('auto'),
  )
  .option('--answers', 'at the end each tab answers a held-out question, with the base model and with its own', false)
  .option('--headed', 'show the browser', false)
  .option('--json <file>', 'write every figure to this file')
  .option('--report <file>', 'where the HTML report goes', join(projectRoot, '.perfit', 'demo-report.html'))
  .option('--keep', "keep the coordinator's data directory", false)
  .option('--seed <n>', 'of adapters, splits and orders', seed, 1)
  .option('--timeout <seconds>', 'for the whole run (default: 900, on webgpu 7200)', wholeNumber);

interface Flags extends Omit<SimulationOptions, 'clients' | 'timeoutSeconds' | 'say'> {
  readonly clients?: number;
  readonly timeout?: number;
  readonly json?: string;
  readonly report: string;
}

program.parse();
const { json, report, timeout, ...flags } = program.opts<Flags>();

try {
  const data = flags.data.flatMap((path) => filesOf(resolve(path)));
  const named = program.getOptionValueSource('data') === 'cli';
  const result = await simulate({
    ...flags,
    data,
    clients: flags.clients ?? (named ? data.length : 3),
    timeoutSeconds: timeout ?? (flags.backend === 'webgpu' ? 7200 : 900),
    say: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`\n${renderTable(result)}\n\n`);
  if (json) writeText(json, `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(`Report with plots: ${writeText(report, renderReport(result))}\n`);
  for (const failure of result.failures) process.stdout.write(`FAILED: ${failure}\n`);
  if (result.passed) process.stdout.write(`Passed in ${result.seconds.toFixed(0)} s.\n`);
  process.exitCode = result.passed ? 0 : 1;
} catch (error) {
  process.stderr.write(`The demo could not be run: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

function writeText(path: string, text: string): string {
  const file = resolve(path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return relative(process.cwd(), file) || file;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1 up.');
  return value;
}

function seed(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0 || value > 0xffffffff) {
    throw new InvalidArgumentError('It must be a whole number from 0 to 4294967295.');
  }
  return value;
}
