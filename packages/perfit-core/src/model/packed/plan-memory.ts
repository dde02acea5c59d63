import type { Layout, ModelDimensions } from '@perfit/protocol/space';
import type { DeviceLimits } from '../../backend/webgpu-device.ts';
import type { Precision } from '../../ops/packed-matrix/formats.ts';
import { dimensions, type ModelConfig } from '../config.ts';
import { ModelError } from '../model-error.ts';
import { type PredictedBytes, predictStepBytes } from './memory.ts';
import type { ProgramsName } from './programs.ts';

/**
 * Bytes of WebAssembly's memory that tuning may take. It ends at 4 GiB, but tfjs takes addresses for signed numbers: beyond
 * 2 GiB nothing can lie.
 */
export const WASM_BUDGET = 1.9e9;

/** What is to be tuned, and with how much memory. */
export interface TuningWish {
  /** The adapter's layout in a model of such widths. */
  readonly layout: (dimensions: ModelDimensions) => Layout;
  /** B */
  readonly batchSize: number;
  /** T, the longest row. */
  readonly maxLength: number;
  /** Bytes of the device that may be taken; see {@link deviceBudget}. */
  readonly budget: number;
  /** One precision, or the best that fits. */
  readonly precision?: Precision;
  /** Where nothing fits on the processor, what takes least all the same: after more has run for a while. */
  readonly orLeast?: boolean;
}

/** How a tuning is fitted into the memory. The gradient is the same whatever is chosen here, but for the precision. */
export interface MemoryPlan {
  readonly precision: Precision;
  readonly checkpointing: boolean;
  /** Rows of a batch that are computed at once; their gradients are added up. */
  readonly rowsAtOnce: number;
  readonly predicted: PredictedBytes;
}

/**
 * What a tuning may take: of the graphics processor, or of WebAssembly's memory where there are no limits.
 * @param share of it: less than 1 after it did not suffice, and then what takes least is taken where that does not fit either
 */
export function tuningBudget(
  { limits }: { readonly limits: Pick<DeviceLimits, 'maxBufferSize'> | null },
  share = 1,
): Pick<TuningWish, 'budget' | 'orLeast'> {
  return { budget: share * (limits ? deviceBudget(limits) : WASM_BUDGET), orLeast: share < 1 };
}

/**
 * WebGPU does not say how much memory a device has. A device that allows large buffers has some times their size; one
 * that allows the least that the standard asks for (256 MiB) is a phone or an old integrated chip.
 */
export function deviceBudget({ maxBufferSize }: Pick<DeviceLimits, 'maxBufferSize'>): number {
  return Math.max(1.5 * 2 ** 30, 1.5 * maxBufferSize);
}

/**
 * The fastest way to tune that fits: all rows at once and everything kept, then checkpointing, then fewer rows at once,
 * then coarser weights.
 * @param on.exact whether the weights are small enough to stay in f32; on the processor they are wherever that fits
 * @throws ModelError `model-too-large` with what to reduce
 */
export function planMemory(
  config: ModelConfig,
  wish: TuningWish,
  on: { readonly programs: ProgramsName; readonly exact: boolean },
): MemoryPlan {
  const best: readonly Precision[] =
    on.exact || on.programs === 'wasm' ? ['f32', 'f16', 'int8', 'int4'] : ['f16', 'int8', 'int4'];
  const precisions = wish.precision ? [wish.precision] : best;
  const layout = wish.layout(dimensions(config));
  const { maxLength: length, budget } = wish;
  let least: MemoryPlan | null = null;
  for (const precision of precisions) {
    for (const way of waysOf(wish.batchSize)) {
      const { checkpointing, rowsAtOnce: rows } = way;
      const shape = { precision, checkpointing, rows, length, layout, programs: on.programs };
      const plan = { precision, ...way, predicted: predictStepBytes(config, shape) };
      if (plan.predicted.total <= budget) return plan;
      if (!least || plan.predicted.total < least.predicted.total) least = plan;
    }
  }
  if (wish.orLeast) return least as MemoryPlan;
  throw new ModelError('model-too-large', refusal(wish, least as MemoryPlan, { rank: layout.rank, ...on }));
}

/** What a plan chose, in a sentence for whoever waits for it. */
export function planSentence(
  { checkpointing, rowsAtOnce, predicted, precision }: MemoryPlan,
  batchSize: number,
): string {
  const gigabytes = `${(predicted.total / 1e9).toFixed(predicted.total < 1e9 ? 2 : 1)} GB`;
  const rows =
    rowsAtOnce < batchSize ? `${rowsAtOnce} of ${batchSize} texts at a time` : `${batchSize} texts at a time`;
  const blocks = checkpointing ? 'each block is computed twice, to keep less' : 'everything is kept for the way back';
  return `A step takes about ${gigabytes}: ${rows}, weights in ${precision}; ${blocks}.`;
}

function* waysOf(batchSize: number): Generator<{ checkpointing: boolean; rowsAtOnce: number }> {
  yield { checkpointing: false, rowsAtOnce: batchSize };
  for (let rows = batchSize; ; rows = Math.ceil(rows / 2)) {
    yield { checkpointing: true, rowsAtOnce: rows };
    if (rows === 1) return;
  }
}

function refusal(
  { budget, maxLength }: TuningWish,
  { precision, predicted }: MemoryPlan,
  { rank, programs }: { readonly rank: number; readonly programs: ProgramsName },
): string {
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  const memory = programs === 'wasm' ? 'WebAssembly’s memory' : 'graphics memory';
  const elsewhere = programs === 'wasm' ? ', or a browser with WebGPU,' : '';
  return (
    `Tuning this model takes at least ${gigabytes(predicted.total)} of ${memory} (${precision} weights, one text of ` +
    `${maxLength} tokens at a time, rank ${rank}); about ${gigabytes(budget)} are to be had here. ` +
    `A smaller model, shorter texts or a smaller rank${elsewhere} would fit.`
  );
}
