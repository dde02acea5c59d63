import { AdapterTensors, type ColumnMapping, evaluate } from '@perfit/core';
import { templateNotesInTime } from '@perfit/core/node';
import { Command } from 'commander';
import { readAdapter } from '../adapter-folder.ts';
import { backendOption, threadsOption } from '../backend-option.ts';
import { type BackendChoice, openModel, withinPositions } from '../local-model.ts';
import { columnsOption, describeProblems, readDataset } from '../local-text.ts';
import { wholeNumber } from '../numbers.ts';

/** What was computed is of no use to anybody. */
class FigureError extends Error {
  override readonly name = 'FigureError';
  readonly code = 'not-finite';
}

interface Flags {
  readonly data: string;
  readonly columns?: ColumnMapping;
  readonly adapter?: string;
  readonly maxLength: number;
  readonly backend: BackendChoice;
  readonly threads: number;
  readonly json: boolean;
}

export function evalCommand(): Command {
  return new Command('eval')
    .description('prints the perplexity of a model, with or without an adapter, on the responses of a text')
    .argument('<model>', 'a Hugging Face folder or a GGUF file')
    .requiredOption('--data <path>', 'JSONL, JSON, CSV or text, or a folder of such; all of it is evaluated')
    .addOption(columnsOption())
    .option('--adapter <dir>', 'a PEFT adapter')
    .option('--max-length <tokens>', 'longer examples are cut', wholeNumber(16, 32768), 128)
    .addOption(backendOption())
    .addOption(threadsOption())
    .option('--json', 'the figures as JSON', false)
    .action(run);
}

async function run(modelFolder: string, flags: Flags): Promise<void> {
  const dataset = readDataset(flags.data, flags.columns);
  const { model, tokenizer, backend, name } = await openModel(modelFolder, flags.backend, { threads: flags.threads });
  for (const note of templateNotesInTime(tokenizer)) process.stderr.write(`${note}\n`);
  const maxLength = withinPositions(flags.maxLength, model.config);
  const own = flags.adapter ? await readAdapter(flags.adapter, model) : null;
  const adapter = own && AdapterTensors.fromTheta(own.layout, own.theta);
  const { cut, dropped, ...counted } = await evaluate({ model, tokenizer, adapter }, dataset.examples, { maxLength });
  adapter?.dispose();
  model.dispose();
  for (const line of describeProblems({ dataset, cut, dropped })) process.stderr.write(`${line}\n`);

  if (!Number.isFinite(counted.perplexity)) {
    throw new FigureError('The perplexity is no finite number: the model, or its tokenizer, does not fit this text.');
  }

  const figures = { model: name, adapter: flags.adapter ?? null, backend: backend.backend, ...counted };
  if (flags.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
  else {
    const { perplexity, examples, tokens, responseTokens } = figures;
    const what = flags.adapter ? `${name} with ${flags.adapter}` : name;
    process.stdout.write(
      `${what}: perplexity ${perplexity.toFixed(3)} on ${responseTokens} response tokens of ${examples} examples (${tokens} tokens)\n`,
    );
  }
}
