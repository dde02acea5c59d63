import type { Layout, ModelDimensions } from '@perfit/protocol/space';
import type { DeviceLimits } from '../../backend/webgpu-device.ts';
import { PRECISIONS, type Precision } from '../../ops/packed-matrix/formats.ts';
import { dimensions, type ModelConfig } from '../config.ts';
import { ModelError } from '../model-error.ts';
import type { Held, MatrixFormats } from './matrix-formats.ts';
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
  /** One precision, or the best that fits; `file` for files whose matrices are in blocks. */
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

/** What a plan must know besides the wish. */
export interface PlanGround {
  readonly programs: ProgramsName;
  /** Bytes of the weights' files; those of small models stay in f32 on a graphics processor too. */
  readonly fileBytes: number;
  /** What the files have their matrices in, where that is blocks: they stay so unless something else is wished. */
  readonly inFile: MatrixFormats | null;
}

/** Small models lose nothing by staying in f32; the others are held in f16, as their authors publish them. */
export const MAX_EXACT_BYTES = 64 << 20;

/**
 * The fastest way to tune that fits: all rows at once and everything kept, then checkpointing, then fewer rows at once,
 * then coarser weights.
 * @throws ModelError `model-too-large` with what to reduce
 */
export function planMemory(config: ModelConfig, wish: TuningWish, on: PlanGround): MemoryPlan {
  const precisions = wish.precision ? [wish.precision] : precisionsOf(on);
  const layout = wish.layout(dimensions(config));
  const { maxLength: length, budget } = wish;
  let least: MemoryPlan | null = null;
  for (const precision of precisions) {
    for (const way of waysOf(wish.batchSize)) {
      const { checkpointing, rowsAtOnce: rows } = way;
      const shape = { held: heldAs(precision, on.inFile), checkpointing, rows, length, layout, programs: on.programs };
      const plan = { precision, ...way, predicted: predictStepBytes(config, shape) };
      if (plan.predicted.total <= budget) return plan;
      if (!least || plan.predicted.total < least.predicted.total) least = plan;
    }
  }
  if (wish.orLeast) return least as MemoryPlan;
  throw new ModelError('model-too-large', refusal(wish, least as MemoryPlan, { rank: layout.rank, ...on }));
}

/** Finest first. Blocks are the file's own values, and take less than anything that they could be unpacked to. */
function precisionsOf({ programs, fileBytes, inFile }: PlanGround): readonly Precision[] {
  if (inFile) return ['file', 'int4'];
  return PRECISIONS.slice(programs === 'wasm' || fileBytes <= MAX_EXACT_BYTES ? 0 : 1);
}

/** @param inFile of a file whose matrices are in blocks; without it nothing is held as in the file */
export function heldAs(precision: Precision, inFile: MatrixFormats | null): Held {
  if (precision !== 'file') return precision;
  if (inFile) return inFile;
  throw new RangeError('the weights of this model lie in no blocks');
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
  return `A step takes about ${gigabytes}: ${rows}, ${weightsIn(precision)}; ${blocks}.`;
}

/** In a sentence. */
export function weightsIn(precision: Precision): string {
  return precision === 'file' ? 'weights as in the file' : `${precision} weights`;
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
    `Tuning this model takes at least ${gigabytes(predicted.total)} of ${memory} (${weightsIn(precision)}, one text of ` +
    `${maxLength} tokens at a time, rank ${rank}); about ${gigabytes(budget)} are to be had here. ` +
    `A smaller model, shorter texts or a smaller rank${elsewhere} would fit.`
  );
}
