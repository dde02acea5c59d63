import { writeFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import {
  type BenchReport,
  type BenchWish,
  benchWasmPeak,
  byShape,
  comparedTasks,
  type MeasuredModel,
  MODEL_SHAPES,
  type ModelShape,
  runBench,
  runPeaks,
} from '@perfit/bench';
import type { RoundedPrecision } from '@perfit/core';
import { modelAt, modelName, nodeBackend } from '@perfit/core/node';
import { Command, InvalidArgumentError, Option } from 'commander';
import { precisionOption, threadsOption } from '../backend-option.ts';
import type { JaxComparison } from '../bench/against-jax.ts';
import { benchProcessor } from '../bench/processor.ts';

interface Flags {
  readonly shape?: ModelShape[];
  readonly model?: string[];
  readonly python?: string;
  readonly rows?: number;
  readonly length?: number;
  readonly rank?: number;
  readonly steps?: number;
  readonly precision?: RoundedPrecision;
  readonly stock?: boolean;
  readonly composed?: boolean;
  readonly memory?: boolean;
  readonly backend: 'webgpu' | 'wasm';
  readonly threads: number;
  readonly json?: string;
}

export function benchCommand(): Command {
  return new Command('bench')
    .description(
      "measures tuning and generation on this machine's WebGPU adapter, op by op, against what the adapter can do at most, against stock TensorFlow.js and against jax-js; with --backend wasm on its processor, against tfjs' ops",
    )
    .addOption(
      new Option('--shape <name...>', 'models, by config alone with random weights').choices(Object.keys(MODEL_SHAPES)),
    )
    .option('--model <path...>', 'with --backend wasm: real models, a folder or a GGUF file of each')
    .option('--rows <B>', 'rows of a batch', count)
    .option('--length <T>', 'tokens of a row', count)
    .option('--rank <R>', 'rank of the adapter', count)
    .option('--steps <n>', 'steps that are timed', count)
    .addOption(precisionOption())
    .option('--stock', 'the step also in stock TensorFlow.js, whatever the size of the model')
    .option('--no-stock', 'never in stock TensorFlow.js')
    .option('--composed', "the step also in our own model of TensorFlow.js' ops, which computes on WASM as a rule")
    .option('--memory', 'only what a step takes of the device, next to what is predicted; nothing is computed')
    .addOption(
      new Option('--backend <name>', 'wasm: our programs for the processor, next to tfjs’ ops')
        .choices(['webgpu', 'wasm'])
        .default('webgpu'),
    )
    .addOption(threadsOption())
    .option(
      '--python <program>',
      'with --backend wasm: a Python that has PyTorch, transformers and PEFT, to compare with',
    )
    .option('--json <file>', 'writes everything to a file')
    .action(bench);
}

async function bench({
  shape,
  model,
  memory,
  backend,
  threads,
  json,
  stock,
  composed = false,
  ...rest
}: Flags): Promise<void> {
  if (backend === 'wasm') {
    const models = await measuredModels(shape, model, memory ? ['nano'] : ['nano', 'smollm2-135m']);
    if (memory) return await wasmPeaks(models, rest);
    return await benchProcessor({ models, threads, json, ...rest });
  }
  const { reason } = await nodeBackend({ prefer: 'webgpu' });
  process.stderr.write(`${reason}\n`);
  const sizes = { ...rest, ...(shape ? { shapes: shape } : {}) };
  if (memory) return await peaks(sizes);
  const wish = { ...sizes, composed, ...(stock === false ? {} : { stock: await stockOf(stock === true) }) };
  const running = runBench(wish);
  for (;;) {
    const next = await running.next();
    if (!next.done) {
      process.stderr.write(`${next.value} …\n`);
      continue;
    }
    process.stderr.write('The same tasks in jax-js …\n');
    const jaxjs = await againstJax(wish);
    process.stdout.write(`${describe(next.value)}\n${describeJax(jaxjs)}\n`);
    if (json) writeFileSync(json, `${JSON.stringify({ machine: machine(), ...next.value, jaxjs }, null, 2)}\n`);
    return;
  }
}

async function stockOf(every: boolean): Promise<NonNullable<BenchWish['stock']>> {
  const { openStock } = await import('../stock-tfjs/stock-model.ts');
  return { open: openStock, every };
}

async function peaks(wish: BenchWish): Promise<void> {
  for await (const { model, precision, B, T, peakBytes, predictedBytes } of runPeaks(wish)) {
    const [measured, predicted] = [number(peakBytes / 1e6), number(predictedBytes / 1e6)];
    process.stdout.write(`${model} ${precision}, ${B} x ${T}: ${measured} MB at most, ${predicted} MB predicted\n`);
  }
}

/** What is asked for; some shapes where nothing is. */
async function measuredModels(
  shapes: readonly ModelShape[] = [],
  paths: readonly string[] = [],
  others: readonly ModelShape[],
): Promise<(MeasuredModel & { path?: string })[]> {
  const real = await Promise.all(
    paths.map(async (path) => ({ name: modelName(path), source: await modelAt(path), path })),
  );
  const asked = [...shapes.map(byShape), ...real];
  return asked.length > 0 ? asked : others.map(byShape);
}

/** Of several models the largest last: WebAssembly's memory does not shrink. */
async function wasmPeaks(
  models: readonly MeasuredModel[],
  { rows = 8, length, rank = 16 }: Omit<Flags, 'backend' | 'threads'>,
) {
  const { reason } = await nodeBackend({ prefer: 'wasm' });
  process.stderr.write(`${reason}\n`);
  for (const model of models) {
    const sizes = { rows, length: length ?? (model.name === 'nano' ? 128 : 512), rank };
    const peak = await benchWasmPeak(model, sizes);
    const [measured, predicted] = [peak.measuredBytes, peak.predictedBytes].map((bytes) => number(bytes / 1e6));
    const way = `${peak.rowsAtOnce} at a time${peak.checkpointing ? ', blocks computed twice' : ''}`;
    const text = `${model.name} ${peak.precision}, ${rows} x ${sizes.length} (${way}): ${measured} MB at most, ${predicted} MB predicted`;
    process.stdout.write(
      `${text}, a ratio of ${(peak.predictedBytes / peak.measuredBytes).toFixed(2)} (within 10 %)\n`,
    );
  }
}

async function againstJax(wish: BenchWish): Promise<JaxComparison[]> {
  const { compareWithJax } = await import('../bench/against-jax.ts');
  const results: JaxComparison[] = [];
  for await (const result of compareWithJax(comparedTasks(wish))) results.push(result);
  return results;
}

function machine(): string {
  return `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, ${platform()} ${arch()}, Node ${process.versions.node}`;
}

function describe({ adapter, limits, step, decode, ops, ways }: BenchReport): string {
  const name = adapter.description || adapter.architecture || adapter.vendor;
  const lines = [
    `${name} on ${machine()}`,
    `at most: ${number(limits.fmaGflops)} GFLOP/s of f32 multiply-adds, ${number(limits.copyGBps)} GB/s copied`,
    '',
    table([
      [
        'step of tuning',
        'B x T',
        'tokens/s',
        'stock tfjs',
        'ratio',
        'composed',
        'ratio',
        'dispatches fwd/bwd/outside',
        'peak MB',
        'predicted',
        'search/epoch',
      ],
      ...step.map((of) => [
        `${of.model} ${of.precision}`,
        `${of.B} x ${of.T}`,
        number(of.tokensPerSecond),
        ...beside(of.stock),
        ...beside(of.composed),
        `${of.dispatches.layerForward}/${of.dispatches.layerBackward}/${of.dispatches.outside}`,
        number(of.peakBytes / 1e6),
        number(of.predictedBytes / 1e6),
        percent(of.searchShareOfEpoch),
      ]),
    ]),
    ...(step.some(({ stock }) => stock) ? [stockNote] : []),
    '',
    table([
      ['generation', 'prefill tokens/s', 'decode tokens/s', 'of the copy rate'],
      ...decode.map((of) => [
        `${of.model} ${of.precision}`,
        number(of.prefillTokensPerSecond),
        number(of.decodeTokensPerSecond),
        percent(of.shareOfLimit),
      ]),
    ]),
    '',
    table([
      ['op', 'shape', 'ms', 'GFLOP/s', 'GB/s', 'of its limit', "against tfjs' ops"],
      ...ops.map((op) => [
        op.name,
        op.shape,
        op.milliseconds.toPrecision(3),
        number(op.gflops),
        number(op.gbps),
        percent(op.shareOfLimit),
        op.composedRatio === null ? '-' : `${op.composedRatio.toFixed(2)}x`,
      ]),
    ]),
    '',
    table([
      ['programs made in other ways', 'shape', 'way', 'ms', 'against the chosen'],
      ...ways.map(({ name, shape, way, isChosen, milliseconds, ratio }) => [
        name,
        shape,
        isChosen ? `${way} (chosen)` : way,
        milliseconds.toPrecision(3),
        `${ratio.toFixed(2)}x`,
      ]),
    ]),
    '',
  ];
  return lines.join('\n');
}

const stockNote =
  'stock tfjs: @tensorflow/tfjs on a device of its own, made as tfjs makes it; f32 weights, tf.train.adam without clipping';

function beside(other: BenchReport['step'][number]['stock']): string[] {
  return other ? [number(other.tokensPerSecond), `${other.ratio.toFixed(2)}x`] : ['-', '-'];
}

function describeJax(results: readonly JaxComparison[]): string {
  const rows = results.map(({ name, shape, milliseconds, oursMilliseconds, ratio, reason }) => [
    name,
    shape,
    oursMilliseconds.toPrecision(3),
    milliseconds === null ? '-' : milliseconds.toPrecision(3),
    ratio === null ? `- (${reason})` : `${ratio.toFixed(2)}x`,
  ]);
  return table([['next to jax-js, f32', 'shape', 'ms, ours', 'ms, jax-js', 'ratio'], ...rows]);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] as number))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a positive whole number.');
  return value;
}
