import { join, resolve } from 'node:path';
import { HUB_URL, hubSource, repositoryProblem } from '@perfit/core';
import { modelIdSchema } from '@perfit/protocol';
import { Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../explain.ts';
import { projectRoot } from '../project-root.ts';
import { PullError } from '../pull/pull-error.ts';
import { pullModel } from '../pull/pull-model.ts';
import { reportProgress } from '../pull/report-progress.ts';

interface Flags {
  readonly to: string;
  readonly as?: string;
  readonly tokenEnv: string;
  readonly hub: string;
  readonly json: boolean;
}

export function pullCommand(): Command {
  return new Command('pull')
    .description('fetches a model of the Hugging Face Hub into the models directory of a coordinator')
    .argument(
      '<repository[@revision]>',
      'owner/name, at a branch, a tag or a commit; owner/name:Q4_1 for one of its GGUF files',
    )
    .option('--to <dir>', 'the models directory', join(projectRoot, 'models'))
    .option('--as <id>', "the model's name there (the repository's, without its owner)")
    .option('--token-env <name>', 'the environment variable that holds a token, for gated models', 'HF_TOKEN')
    .option('--hub <url>', 'another address of the Hub', webAddress, HUB_URL)
    .option('--json', 'what was fetched as JSON', false)
    .addHelpText(
      'after',
      '\nA pull that was interrupted goes on when the same command is given again. Weights are checked against the hashes of the Hub.',
    )
    .action(pull);
}

async function pull(wanted: string, flags: Flags, command: Command): Promise<void> {
  const [repository = '', ...at] = wanted.split('@');
  const revision = at.join('@');
  if (at.length > 0 && revision === '') throw new UsageError(`${wanted} names no revision behind the @.`);
  const problem = repositoryProblem(repository);
  if (problem !== null) throw new UsageError(`${problem}.`);
  if (revision.includes(':')) {
    const [before, quantization] = revision.split(':');
    throw new UsageError(`The name of a GGUF file comes before the revision: ${repository}:${quantization}@${before}.`);
  }
  const id = flags.as ?? (repository.split('/').at(-1) as string).replace(':', '-');
  if (!modelIdSchema.safeParse(id).success) {
    throw new UsageError(`"${id}" cannot be a model's name here: letters, digits, dots, dashes and underscores can.`);
  }
  const token = process.env[flags.tokenEnv];
  if (!token && command.getOptionValueSource('tokenEnv') === 'cli') {
    throw new UsageError(`The environment variable ${flags.tokenEnv} is empty: it should hold a token of the Hub.`);
  }
  const stop = stopOn(['SIGINT', 'SIGTERM']);
  const source = hubSource({
    repository,
    hubUrl: flags.hub,
    signal: stop.signal,
    ...(revision ? { revision } : {}),
    ...(token ? { token } : {}),
  });
  const progress = reportProgress((line) => process.stderr.write(`${line}\n`), Date.now);
  try {
    const pulled = await pullModel(source, { to: resolve(flags.to), id, progress });
    if (flags.json) process.stdout.write(`${JSON.stringify({ id, ...pulled })}\n`);
    else {
      const what = `${pulled.repository} at ${pulled.commit.slice(0, 12)}, licence: ${pulled.licence ?? 'not said'}`;
      process.stdout.write(`${what}. ${pulled.wasThere ? 'It was there already' : 'Now'}: ${pulled.folder}\n`);
    }
  } finally {
    stop.release();
  }
}

/** What has come is good: a signal ends requests, and the file that is being written stays a beginning. */
function stopOn(signals: NodeJS.Signals[]): { signal: AbortSignal; release(): void } {
  const stop = new AbortController();
  const abort = () => stop.abort(new PullError('pull-stopped', 'Stopped. The same command goes on from here.'));
  for (const signal of signals) process.once(signal, abort);
  const release = () => {
    for (const signal of signals) process.removeListener(signal, abort);
  };
  return { signal: stop.signal, release };
}

function webAddress(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError('It must be an address that begins with http:// or https://.');
}
