import { AdapterTensors, type ColumnMapping, makeBatches, perplexity, tokenizeExamples } from '@perfit/core';
import { Command } from 'commander';
import { readAdapter } from '../adapter-folder.ts';
import { backendOption } from '../backend-option.ts';
import { type BackendChoice, openModel } from '../local-model.ts';
import { columnsOption, describeProblems, readDataset } from '../local-text.ts';
import { wholeNumber } from '../numbers.ts';

interface Flags {
  readonly data: string;
  readonly columns?: ColumnMapping;
  readonly adapter?: string;
  readonly maxLength: number;
  readonly backend: BackendChoice;
  readonly json: boolean;
}

export function evalCommand(): Command {
  return new Command('eval')
    .description('prints the perplexity of a model, with or without an adapter, on the responses of a text')
    .argument('<model>', 'a Hugging Face model folder')
    .requiredOption('--data <path>', 'JSONL, JSON, CSV or text, or a folder of such; all of it is evaluated')
    .addOption(columnsOption())
    .option('--adapter <dir>', 'a PEFT adapter')
    .option('--max-length <tokens>', 'longer examples are cut', wholeNumber(16, 32768), 128)
    .addOption(backendOption())
    .option('--json', 'the figures as JSON', false)
    .action(evaluate);
}

async function evaluate(modelFolder: string, flags: Flags): Promise<void> {
  const { maxLength } = flags;
  const dataset = readDataset(flags.data, flags.columns);
  const { model, tokenizer, backend, name } = await openModel(modelFolder, flags.backend);
  const { examples, cut, dropped } = tokenizeExamples(dataset.examples, tokenizer, { maxLength });
  for (const line of describeProblems({ dataset, cut: cut.examples, dropped: dropped.length }))
    process.stderr.write(`${line}\n`);
  const batches = makeBatches(examples, { batchSize: 8, maxLength, padId: tokenizer.padId });
  const own = flags.adapter ? await readAdapter(flags.adapter, model) : null;
  const adapter = own && AdapterTensors.fromTheta(own.layout, own.theta);
  const value = await perplexity(model, adapter, batches);
  adapter?.dispose();
  model.dispose();

  const labels = batches.flatMap((batch) => Array.from(batch.labels));
  const figures = {
    model: name,
    adapter: flags.adapter ?? null,
    backend: backend.backend,
    perplexity: value,
    examples: examples.length,
    tokens: batches.reduce((sum, batch) => sum + batch.tokens, 0),
    responseTokens: labels.filter((label) => label >= 0).length,
  };
  if (flags.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
  else {
    const { tokens, responseTokens } = figures;
    const what = flags.adapter ? `${name} with ${flags.adapter}` : name;
    process.stdout.write(
      `${what}: perplexity ${value.toFixed(3)} on ${responseTokens} response tokens of ${examples.length} examples (${tokens} tokens)\n`,
    );
  }
}
