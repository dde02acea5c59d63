import { writeFileSync } from 'node:fs';
import {
  benchOnProcessor,
  benchOps,
  type Limits,
  type MeasuredModel,
  measureLimits,
  type OpResult,
  type ProcessorRates,
  type ProcessorWish,
} from '@perfit/bench';
import { isGguf, parseModelConfig } from '@perfit/core';
import { nodeBackend } from '@perfit/core/node';
import {
  installedPython,
  type LlamaCppRates,
  llamaCppRates,
  notInstalled,
  type TorchRates,
  torchRates,
} from './elsewhere.ts';

/** What our programs are held against. The share of PyTorch is of one whose product makes some 90 GFLOP/s a thread. */
const LEAST = { step: 4, nano: 3, threads: 1.8, torch: 0.7, wideTorch: 0.35, product: 0.75, all: 0.5 };
const WIDE_TORCH_GFLOPS = 110;

interface Wish {
  readonly models: readonly (MeasuredModel & { readonly path?: string })[];
  /** The most; one thread is measured as well. */
  readonly threads: number;
  readonly rows?: number;
  readonly length?: number;
  readonly rank?: number;
  readonly steps?: number;
  readonly python?: string | undefined;
  readonly json?: string | undefined;
}

interface OnThreads {
  readonly threads: number;
  readonly own: ProcessorRates;
  /** Why there is none, as a sentence. */
  readonly torch: { readonly float32: TorchRates | string; readonly bfloat16: TorchRates | string };
  readonly llamaCpp: LlamaCppRates | string;
}

interface Measured {
  readonly model: string;
  readonly rows: number;
  readonly length: number;
  /** Of one thread. */
  readonly limits: Limits;
  readonly ops: readonly OpResult[];
  readonly on: readonly OnThreads[];
  /** On one thread: more make its small products slower. */
  readonly tfjs: ProcessorRates;
}

/** Our programs on one thread and on several, and whatever else computes the same here, one after the other in one run. */
export async function benchProcessor(wish: Wish): Promise<void> {
  const { models, threads, json } = wish;
  const all: Measured[] = [];
  for (const model of models) {
    const measured = await measure(model, threads > 1 ? [1, threads] : [1], wish);
    process.stdout.write(`${describe(measured)}\n`);
    all.push(measured);
  }
  if (json) writeFileSync(json, `${JSON.stringify(all.map(withRatios), null, 2)}\n`);
}

async function measure(model: Wish['models'][number], counts: readonly number[], wish: Wish): Promise<Measured> {
  const { rows = 4, length = 128, rank = 8, steps = 3 } = wish;
  const sizes: ProcessorWish = { rows, length, rank, steps, prompt: 512 };
  const python = wish.python ?? installedPython();
  const text = await model.source.text('config.json');
  const on: OnThreads[] = [];
  for (const threads of counts) {
    progress(`${model.name} on ${threads} thread${threads > 1 ? 's' : ''}: ours`);
    await nodeBackend({ prefer: 'wasm', threads });
    const own = await benchOnProcessor(model, sizes, 'own');
    const asked = { config: JSON.parse(text), rows, length, rank, steps, threads };
    const torch = async (dtype: 'float32' | 'bfloat16') => {
      progress(`PyTorch, ${dtype}`);
      return python ? await torchRates(python, { ...asked, dtype }) : notInstalled;
    };
    const [float32, bfloat16] = [await torch('float32'), await torch('bfloat16')];
    progress('llama.cpp');
    const llamaCpp =
      model.path && isGguf(model.path)
        ? await llamaCppRates(model.path, { prompt: sizes.prompt, words: 32, threads })
        : 'it takes GGUF files';
    on.push({ threads, own, torch: { float32, bfloat16 }, llamaCpp });
  }
  await nodeBackend({ prefer: 'wasm' });
  progress('each op alone');
  const limits = await measureLimits();
  const ops: OpResult[] = [];
  const config = parseModelConfig(text);
  for await (const op of benchOps(config, { rows, length, rank, format: 'f32', limits })) ops.push(op);
  progress('tfjs’ ops');
  const tfjs = await benchOnProcessor(model, sizes, 'composed');
  return { model: model.name, rows, length, limits, ops, on, tfjs };
}

function progress(what: string): void {
  process.stderr.write(`${what} …\n`);
}

function withRatios(measured: Measured) {
  const { on, tfjs, limits } = measured;
  const step = on.map(({ threads, own, torch }) => ({
    threads,
    ratio: own.step / tfjs.step,
    torchRatio: typeof torch.float32 === 'string' ? null : own.step / torch.float32.tokensPerSecond,
    shareOfLimit: own.stepGflops / (threads * limits.fmaGflops),
  }));
  return { ...measured, step };
}

function limitsSentence({ fmaGflops, integerGops, copyGBps }: Measured['limits']): string {
  const integers = integerGops === null ? '' : `, ${number(integerGops)} Gop/s of them in bytes`;
  return `${number(fmaGflops)} GFLOP/s of multiply-adds${integers}, ${number(copyGBps)} GB/s copied`;
}

function describe(measured: Measured): string {
  const { model, rows, length, limits, ops, on, tfjs } = measured;
  const ratios = withRatios(measured).step;
  const [one, several] = on;
  const best = Math.max(...ratios.map(({ ratio }) => ratio));
  const lines = [
    `${model}, ${rows} x ${length}; one thread at most: ${limitsSentence(limits)}`,
    ...on.flatMap(({ threads, own, torch, llamaCpp }, i) => {
      const { torchRatio, shareOfLimit } = ratios[i] as (typeof ratios)[number];
      return [
        `  ${threads} thread${threads > 1 ? 's' : ''}, ours: ${rates(own)} (${way(own)}); a step is ${percent(shareOfLimit)} of the multiply-adds’ limit (to be at least ${percent(LEAST.all)})`,
        ...Object.entries(torch).map(([dtype, told]) => `    ${torchLine(dtype, told, own, torchRatio)}`),
        `    ${llamaCppLine(llamaCpp, own)}`,
      ];
    }),
    `  tfjs’ ops, one thread: ${rates(tfjs)} (${way(tfjs)})`,
    `  a step against tfjs’ ops: ${times(best)} (to be at least ${model === 'nano' ? LEAST.nano : LEAST.step} ×)`,
  ];
  if (one && several)
    lines.push(`  threads: ${times(several.own.step / one.own.step)} (to be at least ${LEAST.threads} × for two)`);
  lines.push(
    `  each op alone, on one thread (products to be at least ${percent(LEAST.product)} of their limit):`,
    ...ops.map(
      ({ name, shape, milliseconds, gflops, gbps, shareOfLimit, composedRatio }) =>
        `    ${name.padEnd(26)} ${number(milliseconds)} ms, ${number(gflops)} GFLOP/s, ${number(gbps)} GB/s, ${percent(shareOfLimit)}${composedRatio === null ? '' : `, ${times(composedRatio)} of tfjs’`}  ${shape}`,
    ),
  );
  return lines.join('\n');
}

function rates({ step, prefill, decode }: ProcessorRates): string {
  return `a step at ${number(step)} tokens/s, a prompt at ${number(prefill)}, words at ${number(decode)}`;
}

function way({ precision, checkpointing, rowsAtOnce }: ProcessorRates): string {
  return `${precision}, ${rowsAtOnce} at a time, ${checkpointing ? 'blocks computed twice' : 'everything kept'}`;
}

function torchLine(dtype: string, told: TorchRates | string, own: ProcessorRates, ratio: number | null): string {
  if (typeof told === 'string') return `PyTorch, ${dtype}: ${told}`;
  const { version, tokensPerSecond, gflops } = told;
  const least = gflops > WIDE_TORCH_GFLOPS ? LEAST.wideTorch : LEAST.torch;
  const held = dtype === 'float32' && ratio !== null ? ` (to be at least ${least} ×)` : '';
  return `PyTorch ${version}, ${dtype}, with PEFT: a step at ${number(tokensPerSecond)} tokens/s, a product at ${number(gflops)} GFLOP/s; ours ${times(own.step / tokensPerSecond)}${held}`;
}

function llamaCppLine(told: LlamaCppRates | string, { prefill, decode }: ProcessorRates): string {
  if (typeof told === 'string') return `llama.cpp: ${told}`;
  return `llama.cpp, native: a prompt at ${number(told.prefill)} tokens/s, words at ${number(told.decode)}; ours ${times(prefill / told.prefill)} and ${times(decode / told.decode)}`;
}

function times(ratio: number): string {
  return `${ratio.toFixed(2)} ×`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function number(value: number): string {
  return value < 10 ? value.toFixed(value < 0.1 ? 3 : 1) : Math.round(value).toLocaleString('en');
}
