import {
  compareModels,
  type LanguageModel,
  loadParityFixture,
  type ParityCheck,
  type ParityFixture,
  type RoundedPrecision,
  runParity,
  type TokenBatch,
} from '@perfit/core';
import { directorySource, modelAt } from '@perfit/core/node';
import { aggregate } from '@perfit/federation';
import { Command, Option } from 'commander';
import { backendOption, precisionOption } from '../backend-option.ts';
import { type BackendChoice, openWeights } from '../local-model.ts';

interface Flags {
  readonly backend: BackendChoice;
  readonly precision?: RoundedPrecision;
  readonly programs?: 'own' | 'composed';
  readonly json: boolean;
}

export function parityCommand(): Command {
  return new Command('parity')
    .description(
      "holds our numbers for a model against a fixture of another framework's and against stock TensorFlow.js; fails where a bound is broken",
    )
    .argument('<model>', 'a Hugging Face folder or a GGUF file')
    .argument('<fixture>', 'a folder with fixture.json and tensors.safetensors')
    .addOption(backendOption())
    .addOption(precisionOption())
    .addOption(new Option('--programs <name>', 'own: our programs; composed: tfjs’ ops').choices(['own', 'composed']))
    .option('--json', 'one JSON object a line', false)
    .action(parity);
}

async function parity(modelFolder: string, fixtureFolder: string, flags: Flags): Promise<void> {
  const { precision, programs, json } = flags;
  const options = { ...(precision ? { precision } : {}), ...(programs ? { programs } : {}) };
  const { model, backend, name } = await openWeights(modelFolder, flags.backend, options);
  const fixture = await loadParityFixture(directorySource(fixtureFolder));
  if (!json) process.stdout.write(`${name} on ${backend.backend}: ${backend.reason}\n`);
  let passed = 0;
  let failed = 0;
  for await (const check of checksOf(model, { modelFolder, fixture, precision })) {
    if (check.passed) passed++;
    else failed++;
    process.stdout.write(`${json ? JSON.stringify(check) : describe(check)}\n`);
  }
  if (!json) process.stdout.write(`${passed} passed, ${failed} failed\n`);
  if (failed || !passed) process.exitCode = 1;
}

const packedAggregate: NonNullable<Parameters<typeof runParity>[2]>['aggregate'] = (global, submissions) =>
  aggregate(
    global,
    submissions.map(({ mask, delta, weight }) => ({ mask, delta: mask.pack(delta), weight })),
  );

/**
 * The fixture's numbers, and stock TensorFlow.js as a second opinion. No fixture knows what int8 and int4 leave of the
 * weights: then stock TensorFlow.js with the same rounded weights is all that there is, for every batch.
 */
async function* checksOf(
  model: LanguageModel,
  of: { modelFolder: string; fixture: ParityFixture; precision: RoundedPrecision | undefined },
): AsyncGenerator<ParityCheck> {
  const { modelFolder, fixture, precision } = of;
  if (precision === 'int8' || precision === 'int4') {
    yield* againstStock(model, modelFolder, fixture.batches);
    return;
  }
  yield* runParity(model, fixture, { aggregate: packedAggregate, halfWeights: precision === 'f16' });
  yield* againstStock(model, modelFolder, fixture.batches.slice(0, 1).map(firstRow));
}

/** Stock TensorFlow.js keeps all of a step: of a real model there is room for one text. */
function firstRow({ inputIds, labels, length }: TokenBatch): TokenBatch {
  return { inputIds: inputIds.slice(0, length), labels: labels.slice(0, length), rows: 1, length, tokens: length };
}

/** The model is let go of in between: not every memory has room for both. */
async function* againstStock(
  model: LanguageModel,
  modelFolder: string,
  batches: readonly TokenBatch[],
): AsyncGenerator<ParityCheck> {
  const { openStock } = await import('../stock-tfjs/stock-model.ts');
  const opened: { dispose(): void }[] = [];
  const open = async () => {
    const { precision } = model;
    model.dispose();
    const stock = await openStock(await modelAt(modelFolder), precision);
    opened.push(stock);
    return stock;
  };
  try {
    yield* compareModels(model, open, batches);
  } finally {
    for (const stock of opened) stock.dispose();
  }
}

function describe({ passed, name, error, bound, measure }: ParityCheck): string {
  const figures = `${error.toExponential(2)} of at most ${bound.toExponential(0)}`;
  return `${passed ? 'ok    ' : 'BROKEN'}  ${name.padEnd(34)} ${figures}  (${measure})`;
}
