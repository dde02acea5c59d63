import { parseModelConfig } from '../model/config.ts';
import type { Precision } from '../ops/packed-matrix/formats.ts';
import { WgslRunner } from '../wgsl/runner.ts';
import type { Tiles } from '../wgsl/tiles.ts';
import { autotune } from './autotune.ts';
import { MODEL_SHAPES, type ModelShape } from './model-shapes.ts';
import { benchOps, type OpResult } from './op-bench.ts';
import { type Limits, measureLimits } from './roofline.ts';
import { benchDecode, benchStep, type DecodeResult, type StepResult } from './step-bench.ts';

export interface BenchWish {
  /** What the adapter runs in a few minutes where absent: nano in software, nano and SmolLM2-135M on a GPU. */
  readonly shapes?: readonly ModelShape[];
  readonly rows?: number;
  readonly length?: number;
  readonly precision?: Precision;
  readonly rank?: number;
  /** Also in tfjs' ops, next to ours; for all but the largest models where absent. */
  readonly composed?: boolean;
  readonly steps?: number;
}

export interface BenchReport {
  readonly adapter: { readonly vendor: string; readonly architecture: string; readonly description: string };
  readonly limits: Limits;
  readonly tiles: Tiles;
  readonly step: readonly StepResult[];
  readonly decode: readonly DecodeResult[];
  readonly ops: readonly OpResult[];
}

/**
 * Measures the current WebGPU device: its limits, then our programs against them and against tfjs' ops, all in one run.
 * Yields a sentence before each part; the report is what it returns.
 */
export async function* runBench(wish: BenchWish = {}): AsyncGenerator<string, BenchReport> {
  const runner = WgslRunner.current();
  const { isSoftware } = runner;
  const { vendor = '', architecture = '', description = '' } = runner.device.adapterInfo ?? {};
  yield `What ${description || architecture || vendor || 'this adapter'} can do at most`;
  const limits = await measureLimits();
  const shapes = wish.shapes ?? (isSoftware ? (['nano'] as const) : (['nano', 'smollm2-135m'] as const));
  const largest = parseModelConfig(JSON.stringify(MODEL_SHAPES[shapes.at(-1) as ModelShape]));
  if (!isSoftware) {
    yield 'Which tiles are the fastest';
    await autotune({ rows: 2048, inWidth: largest.width, outWidth: 2 * largest.feedForwardWidth, rank: 16 });
  }
  const step: StepResult[] = [];
  const decode: DecodeResult[] = [];
  for (const shape of shapes) {
    const isNano = shape === 'nano';
    const { rows = 4, length = isNano ? 128 : 512, rank = 16 } = wish;
    const precision = wish.precision ?? (isNano ? 'f32' : shape === 'qwen3-0.6b' ? 'int4' : 'f16');
    const composed = wish.composed ?? (isNano || shape === 'smollm2-135m');
    yield `A step of tuning, ${shape}, ${precision}, B ${rows}, T ${length}`;
    const steps = wish.steps ?? (isSoftware ? 5 : 10);
    step.push(await benchStep({ shape, precision, rows, length, rank, composed, steps, checkpointing: !isNano }));
    yield `Generation, ${shape}, ${precision}`;
    const tokens = isSoftware ? 16 : 64;
    decode.push(await benchDecode({ shape, precision, prompt: isSoftware ? 64 : 256, tokens }, limits));
  }
  const ops: OpResult[] = [];
  const { rows = 4, length = isSoftware ? 128 : 512, rank = 16, precision = 'f16' } = wish;
  yield `Each op alone, at the widths of ${shapes.at(-1)}`;
  for await (const op of benchOps(largest, { rows, length, precision, rank, limits })) ops.push(op);
  return { adapter: { vendor, architecture, description }, limits, tiles: runner.tiles, step, decode, ops };
}
