import { compareModels, type LanguageModel, loadModel, type OtherTuning, type RoundedPrecision } from '@perfit/core';
import {
  keepHighestOnDevice,
  MODEL_SHAPES,
  type ModelShape,
  maskTensor,
  type OpenOther,
  type PackedModel,
  predictStepBytes,
  syntheticSource,
  WgslRunner,
} from '@perfit/core/programs';
import { initialTheta, type Layout, Mask } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import type { Limits } from '../limits.ts';
import { LEARNING_RATE, Tuning } from '../tuning.ts';

export interface StepResult {
  readonly model: ModelShape;
  readonly precision: RoundedPrecision;
  readonly T: number;
  readonly B: number;
  readonly checkpointing: boolean;
  readonly tokensPerSecond: number;
  /** Stock TensorFlow.js, as its users install it; null where it was not run. */
  readonly stock: OtherStep | null;
  /** Our model in tfjs' ops, the one for WASM, on the same device with f32 weights; null where it was not run. */
  readonly composed: OtherStep | null;
  readonly dispatches: { readonly layerForward: number; readonly layerBackward: number; readonly outside: number };
  readonly peakBytes: number;
  readonly predictedBytes: number;
  /** Scores and pruning of a mask (K = 3, S = 4), as a share of an epoch of `epochSteps` steps. */
  readonly searchShareOfEpoch: number;
  readonly searchSeconds: number;
  readonly epochSteps: number;
}

/** The same step by other means, by turns with ours. */
interface OtherStep {
  readonly tokensPerSecond: number;
  /** How many times as long as ours it takes. */
  readonly ratio: number;
}

export interface DecodeResult {
  readonly model: ModelShape;
  readonly precision: RoundedPrecision;
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
  /** Of the rate at which the weights can be read once a token. */
  readonly shareOfLimit: number;
}

export interface StepWish {
  readonly shape: ModelShape;
  readonly precision: RoundedPrecision;
  readonly rows: number;
  readonly length: number;
  readonly rank: number;
  readonly checkpointing: boolean;
  readonly composed: boolean;
  /** What opens the same model in stock TensorFlow.js; null where it is not compared with. */
  readonly stock: OpenOther | null;
  /** Steps that are timed, after one that compiles. */
  readonly steps: number;
}

type MemoryWish = Omit<StepWish, 'composed' | 'stock' | 'steps'>;

/** An epoch of 512 examples in batches of four: what a client with a few hundred texts does. */
const epochSteps = 128;
const search = { iterations: 3, batches: 4 };

/** What a step takes of the device at its most, and what was predicted. */
export type PeakResult = Pick<
  StepResult,
  'model' | 'precision' | 'T' | 'B' | 'checkpointing' | 'peakBytes' | 'predictedBytes'
>;

/** One step of tuning for its memory alone: every buffer is made on the device, and nothing is computed in it. */
export async function benchPeak(wish: MemoryWish): Promise<PeakResult> {
  const runner = WgslRunner.current();
  runner.isRehearsal = true;
  try {
    const { model, tuning, peak } = await afterOneStep(wish);
    tuning.dispose();
    model.dispose();
    return peak;
  } finally {
    runner.isRehearsal = false;
    runner.trimPool();
  }
}

async function afterOneStep(wish: MemoryWish): Promise<{ model: PackedModel; tuning: Tuning; peak: PeakResult }> {
  const { shape, precision, rows, length, checkpointing } = wish;
  WgslRunner.current().trimPool();
  const before = allocated();
  const model = (await open(wish, 'own')) as PackedModel;
  const tuning = new Tuning(model, { ...wish, labelled: 'all' });
  await tuning.time(1);
  const peakBytes = allocated() - before;
  const labelled = rows * length;
  const { layout } = tuning;
  const predicted = predictStepBytes(model.config, { held: precision, rows, length, layout, checkpointing, labelled });
  const peak = {
    model: shape,
    precision,
    T: length,
    B: rows,
    checkpointing,
    peakBytes,
    predictedBytes: predicted.total,
  };
  return { model, tuning, peak };
}

/**
 * A whole step of tuning, all seven projections adapted: loss, gradient, clipping, AdamW. Stock TensorFlow.js does the
 * same with its Adam, without clipping.
 * @throws RangeError where stock TensorFlow.js computes another loss or gradient than we do: then no time would mean anything
 */
export async function benchStep(wish: StepWish): Promise<StepResult> {
  const { model, tuning, peak } = await afterOneStep(wish);
  const { dispatches } = model;
  const optimizerDispatches = countDispatches(() => tuning.update());
  const { milliseconds, stockMs, composedMs } = await sideBySide(model, tuning, wish);
  const gradientMs = await tuning.timeGradient();
  const selectMs = await timeSelection(tuning.layout);
  const searchSeconds = (search.iterations * (search.batches * gradientMs + selectMs)) / 1000;
  tuning.dispose();
  model.dispose();
  const tokens = wish.rows * wish.length;
  const other = (theirs: number | null): OtherStep | null =>
    theirs === null ? null : { tokensPerSecond: (1000 * tokens) / theirs, ratio: theirs / milliseconds };
  return {
    ...peak,
    tokensPerSecond: (1000 * tokens) / milliseconds,
    stock: other(stockMs),
    composed: other(composedMs),
    dispatches: { ...dispatches, outside: dispatches.outside + optimizerDispatches },
    searchShareOfEpoch: (1000 * searchSeconds) / (epochSteps * milliseconds),
    searchSeconds,
    epochSteps,
  };
}

/** Steps of ours and of the others by turns, so that what else the machine does meets all of them. */
async function sideBySide(model: PackedModel, tuning: Tuning, wish: StepWish) {
  const stock = wish.stock && (await openStock(wish.stock, { model, tuning, wish }));
  const composed = wish.composed ? await openComposed(wish) : null;
  // Those that have just been opened compile first.
  for (const side of [stock, composed]) await side?.time();
  let milliseconds = Number.POSITIVE_INFINITY;
  let [stockMs, composedMs] = [stock && milliseconds, composed && milliseconds];
  for (let i = 0; i < wish.steps; i++) {
    milliseconds = Math.min(milliseconds, await tuning.time(1));
    stockMs = stock && Math.min(stockMs as number, await stock.time());
    composedMs = composed && Math.min(composedMs as number, await composed.time());
  }
  for (const side of [stock, composed]) side?.dispose();
  WgslRunner.current().trimPool();
  return { milliseconds, stockMs, composedMs };
}

interface TimedSide {
  /** Milliseconds of one step. */
  time(): Promise<number>;
  dispose(): void;
}

async function openComposed(wish: StepWish): Promise<TimedSide> {
  const model = await open(wish, 'composed');
  const tuning = new Tuning(model, { ...wish, labelled: 'all' });
  const dispose = () => {
    tuning.dispose();
    model.dispose();
  };
  return { time: () => tuning.time(1), dispose };
}

/** What it computes is compared with ours first. */
async function openStock(
  openOther: OpenOther,
  { model, tuning, wish }: { model: PackedModel; tuning: Tuning; wish: StepWish },
): Promise<TimedSide> {
  const other = await openOther(syntheticSource(MODEL_SHAPES[wish.shape]), wish.precision);
  const { batch, layout } = tuning;
  let theirs: OtherTuning;
  try {
    for await (const { name, passed, error, bound } of compareModels(model, other, [batch])) {
      if (!passed) throw new RangeError(`${name} differs by ${error.toExponential(2)}, more than ${bound}`);
    }
    theirs = await other.tuning(layout, initialTheta(layout, 1), LEARNING_RATE);
  } catch (error) {
    other.dispose();
    throw error;
  }
  const time = async () => {
    const began = performance.now();
    const loss = await theirs.step(batch);
    const milliseconds = performance.now() - began;
    if (!Number.isFinite(loss)) throw new RangeError(`the loss of the synthetic model in ${other.name} is ${loss}`);
    return milliseconds;
  };
  const dispose = () => {
    theirs.dispose();
    other.dispose();
  };
  return { time, dispose };
}

/** Tokens a second of reading a prompt and of writing one token after the other. */
export async function benchDecode(
  wish: Pick<StepWish, 'shape' | 'precision'> & { prompt: number; tokens: number },
  limits: Limits,
): Promise<DecodeResult> {
  const { shape, precision } = wish;
  const model = (await open(wish, 'own')) as PackedModel;
  const weightBytes = bytesOf(model);
  const read = async (ids: number[], cache: ReturnType<PackedModel['createCache']>) => {
    const logits = model.nextLogits(null, ids, cache);
    await logits.data();
    logits.dispose();
  };
  const prompt = Array.from({ length: wish.prompt }, (_, i) => (i * 31) % model.config.vocabSize);
  const run = async () => {
    const cache = model.createCache(wish.prompt + wish.tokens);
    const began = performance.now();
    await read(prompt, cache);
    const read_ = performance.now();
    for (let i = 0; i < wish.tokens; i++) await read([i % model.config.vocabSize], cache);
    const ended = performance.now();
    cache.dispose();
    return { prefill: read_ - began, decode: (ended - read_) / wish.tokens };
  };
  await run();
  const { prefill, decode } = await run();
  model.dispose();
  return {
    model: shape,
    precision,
    prefillTokensPerSecond: (1000 * wish.prompt) / prefill,
    decodeTokensPerSecond: 1000 / decode,
    shareOfLimit: weightBytes / 1e6 / limits.copyGBps / decode,
  };
}

function bytesOf({ weights }: PackedModel): number {
  const blocks = weights.blocks.flatMap(({ qkv, o, gateUp, down }) =>
    [qkv, o, gateUp, down].map(({ weight }) => weight),
  );
  return [weights.head, ...blocks].reduce((sum, matrix) => sum + matrix.bytes, 0);
}

function open(
  { shape, precision, checkpointing }: Pick<StepWish, 'shape' | 'precision'> & { checkpointing?: boolean },
  programs: 'own' | 'composed',
): Promise<LanguageModel> {
  const source = syntheticSource(MODEL_SHAPES[shape]);
  return loadModel(
    source,
    programs === 'composed' ? { programs } : { programs, precision, checkpointing: checkpointing ?? true },
  );
}

async function timeSelection(layout: Layout): Promise<number> {
  const scores = tf.randomUniform([layout.size]) as tf.Tensor1D;
  const select = async () => {
    const mask = maskTensor(Mask.full(layout.size));
    const count = Math.round(layout.size / 2);
    await keepHighestOnDevice(scores, mask, [{ offset: 0, size: layout.size, candidates: layout.size, count }]);
    await mask.data();
    mask.dispose();
  };
  await select();
  const began = performance.now();
  await select();
  const milliseconds = performance.now() - began;
  scores.dispose();
  return milliseconds;
}

function countDispatches(task: () => void): number {
  let dispatches = 0;
  for (const count of WgslRunner.current().counting(task).values()) dispatches += count;
  return dispatches;
}

function allocated(): number {
  return (tf.memory() as tf.MemoryInfo & { numBytesAllocatedInGPU: number }).numBytesAllocatedInGPU;
}
