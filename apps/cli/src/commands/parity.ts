import { loadParityFixture, runParity } from '@perfit/core';
import { directorySource } from '@perfit/core/node';
import { aggregate } from '@perfit/federation';
import { Command } from 'commander';
import { backendOption } from '../backend-option.ts';
import { type BackendChoice, openModel } from '../local-model.ts';

interface Flags {
  readonly backend: BackendChoice;
  readonly json: boolean;
}

export function parityCommand(): Command {
  return new Command('parity')
    .description(
      "holds our numbers for a model against a fixture of another framework's; fails where a bound is broken",
    )
    .argument('<model>', 'a Hugging Face model folder')
    .argument('<fixture>', 'a folder with fixture.json and tensors.safetensors')
    .addOption(backendOption())
    .option('--json', 'one JSON object a line', false)
    .action(parity);
}

async function parity(modelFolder: string, fixtureFolder: string, flags: Flags): Promise<void> {
  const { model, backend, name } = await openModel(modelFolder, flags.backend);
  const fixture = await loadParityFixture(directorySource(fixtureFolder));
  if (!flags.json) process.stdout.write(`${name} on ${backend.backend}: ${backend.reason}\n`);
  let passed = 0;
  let failed = 0;
  const packedAggregate: NonNullable<Parameters<typeof runParity>[2]>['aggregate'] = (global, submissions) =>
    aggregate(
      global,
      submissions.map(({ mask, delta, weight }) => ({ mask, delta: mask.pack(delta), weight })),
    );
  for await (const check of runParity(model, fixture, { aggregate: packedAggregate })) {
    if (check.passed) passed++;
    else failed++;
    if (flags.json) process.stdout.write(`${JSON.stringify(check)}\n`);
    else {
      const verdict = check.passed ? 'ok    ' : 'BROKEN';
      const figures = `${check.error.toExponential(2)} of at most ${check.bound.toExponential(0)}`;
      process.stdout.write(`${verdict}  ${check.name.padEnd(34)} ${figures}  (${check.measure})\n`);
    }
  }
  model.dispose();
  if (!flags.json) process.stdout.write(`${passed} passed, ${failed} failed\n`);
  if (failed || !passed) process.exitCode = 1;
}
