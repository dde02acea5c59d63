import { type Choices, type ModelConfig, parseModelConfig, type RoundedPrecision } from '@perfit/core';
import { autotune, MODEL_SHAPES, type ModelShape, type OpenOther, WgslRunner } from '@perfit/core/programs';
import { type Limits, measureLimits } from '../limits.ts';
import { benchOps, type OpResult } from '../ops.ts';
import { type SharedTask, sharedTasks } from './shared-tasks.ts';
import {
  benchDecode,
  benchPeak,
  benchStep,
  type DecodeResult,
  type PeakResult,
  type StepResult,
} from './step-bench.ts';
import { benchWays, type WayResult } from './way-bench.ts';

export interface BenchWish {
  /** What the adapter runs in a few minutes where absent: nano in software, nano and SmolLM2-135M on a GPU. */
  readonly shapes?: readonly ModelShape[];
  readonly rows?: number;
  readonly length?: number;
  readonly precision?: RoundedPrecision;
  readonly rank?: number;
  /** The step also in our own model of tfjs' ops; for all but the largest models where absent. */
  readonly composed?: boolean;
  /**
   * The step also in stock TensorFlow.js, which is no part of what is measured here: whoever has it hands it in. For all
   * but the largest models, or for `every` one.
   */
  readonly stock?: { readonly open: OpenOther; readonly every: boolean };
  readonly steps?: number;
}

export interface BenchReport {
  readonly adapter: { readonly vendor: string; readonly architecture: string; readonly description: string };
  readonly limits: Limits;
  readonly choices: Choices;
  readonly step: readonly StepResult[];
  readonly decode: readonly DecodeResult[];
  readonly ops: readonly OpResult[];
  readonly ways: readonly WayResult[];
}

/**
 * Measures the current WebGPU device: its limits, then our programs against them and against TensorFlow.js, all in one run.
 * Yields a sentence before each part; the report is what it returns.
 */
export async function* runBench(wish: BenchWish = {}): AsyncGenerator<string, BenchReport> {
  const runner = WgslRunner.current();
  const { isSoftware } = runner;
  const { vendor = '', architecture = '', description = '' } = runner.device.adapterInfo ?? {};
  yield `What ${description || architecture || vendor || 'this adapter'} can do at most`;
  const limits = await measureLimits();
  const shapes = shapesOf(wish, isSoftware);
  const largest = configOf(shapes.at(-1) as ModelShape);
  if (!isSoftware) {
    yield 'Which tiles are the fastest';
    await autotune({ rows: 2048, inWidth: largest.width, outWidth: 2 * largest.feedForwardWidth, rank: 16 });
  }
  const step: StepResult[] = [];
  const decode: DecodeResult[] = [];
  for (const shape of shapes) {
    const { precision, rows, length } = stepOf(shape, wish);
    yield `A step of tuning, ${shape}, ${precision}, B ${rows}, T ${length}`;
    const isSmall = shape === 'nano' || shape === 'smollm2-135m';
    const composed = wish.composed ?? isSmall;
    const stock = wish.stock && (isSmall || wish.stock.every) ? wish.stock.open : null;
    const steps = wish.steps ?? (isSoftware ? 5 : 10);
    step.push(await benchStep({ ...stepOf(shape, wish), composed, stock, steps }));
    yield `Generation, ${shape}, ${precision}`;
    const tokens = isSoftware ? 16 : 64;
    decode.push(await benchDecode({ shape, precision, prompt: isSoftware ? 64 : 256, tokens }, limits));
  }
  const ops: OpResult[] = [];
  const { rows, length, rank } = opsAt(wish, isSoftware);
  const { precision = 'f16' } = wish;
  yield `Each op alone, at the widths of ${shapes.at(-1)}`;
  for await (const op of benchOps(largest, { rows, length, format: precision, rank, limits })) ops.push(op);
  yield 'Each way to make a program';
  const ways = await benchWays(largest, { rows, length, precision });
  return { adapter: { vendor, architecture, description }, limits, choices: runner.choices, step, decode, ops, ways };
}

/** The memory alone of a step, as {@link runBench} makes it, without its computing. */
export async function* runPeaks(wish: BenchWish = {}): AsyncGenerator<PeakResult> {
  for (const shape of shapesOf(wish, WgslRunner.current().isSoftware)) {
    yield await benchPeak(stepOf(shape, wish));
  }
}

function stepOf(shape: ModelShape, wish: BenchWish) {
  const isNano = shape === 'nano';
  const { rows = 4, length = isNano ? 128 : 512, rank = 16 } = wish;
  const precision = wish.precision ?? (isNano ? 'f32' : shape === 'qwen3-0.6b' ? 'int4' : 'f16');
  return { shape, precision, rows, length, rank, checkpointing: !isNano };
}

/**
 * What another library can be given too, on the current device: nano's tasks, and those of the model that the report has
 * each op of.
 */
export function comparedTasks(wish: BenchWish = {}): SharedTask[] {
  const { isSoftware } = WgslRunner.current();
  const nano = sharedTasks(configOf('nano'), { rows: 4, length: 128, rank: 16 });
  const largest = sharedTasks(configOf(shapesOf(wish, isSoftware).at(-1) as ModelShape), opsAt(wish, isSoftware));
  const isNew = (task: SharedTask) => nano.every(({ name, shape }) => name !== task.name || shape !== task.shape);
  return [...nano, ...largest.filter(isNew)];
}

function shapesOf({ shapes }: BenchWish, isSoftware: boolean): readonly ModelShape[] {
  return shapes ?? (isSoftware ? ['nano'] : ['nano', 'smollm2-135m']);
}

function opsAt({ rows = 4, length, rank = 16 }: BenchWish, isSoftware: boolean) {
  return { rows, length: length ?? (isSoftware ? 128 : 512), rank };
}

function configOf(shape: ModelShape): ModelConfig {
  return parseModelConfig(JSON.stringify(MODEL_SHAPES[shape]));
}
