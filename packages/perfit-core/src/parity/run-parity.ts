import { type Layout, Mask } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { AdapterTensors } from '../model/adapter-tensors.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { PackedModel } from '../model/packed/packed-model.ts';
import { logSumExp } from '../ops/head-cross-entropy/head-cross-entropy.ts';
import { searchMask } from '../search/search-mask.ts';
import { searchMaskOnDevice } from '../search/search-mask-on-device.ts';
import type { TokenBatch } from '../text/token-batch.ts';
import { MaskedAdamW } from '../training/adamw.ts';
import { gradientOnDevice } from '../training/search-gradient.ts';
import { tune } from '../training/tune.ts';
import type { ParityFixture } from './fixture.ts';
import { ParityError } from './parity-error.ts';

export interface ParityCheck {
  readonly name: string;
  /** What `error` measures. */
  readonly measure: string;
  readonly error: number;
  /** Passed where error ≤ bound; an error that is not a number fails. */
  readonly bound: number;
  readonly passed: boolean;
}

/** One client's part in PF6, as the fixture has it. */
export interface ParitySubmission {
  readonly mask: Mask;
  /** [N]; zero where the mask does not own. */
  readonly delta: Float32Array;
  /** w, already capped. */
  readonly weight: number;
}

export interface ParityOptions {
  /** The model holds its weights in f16: losses may be 1e-3 away, gradient and theta 5e-3, logits and masks 1e-2. */
  readonly halfWeights?: boolean;
  /** Rule PF6 as the federation computes it; left out, aggregation is not checked. */
  readonly aggregate?: (global: Float32Array, submissions: readonly ParitySubmission[]) => Float32Array;
}

/**
 * Holds this implementation on the current backend against numbers from another framework, check by check: forward
 * pass, LoRA gradient, Taylor masks, masked AdamW, aggregation.
 * @throws ParityError where model and fixture do not belong together
 */
export async function* runParity(
  model: LanguageModel,
  fixture: ParityFixture,
  options: ParityOptions = {},
): AsyncGenerator<ParityCheck> {
  const { rank, alpha, modules } = fixture.lora;
  const layout = model.layout({ rank, alpha, targets: modules });
  const bounds = options.halfWeights ? HALF_BOUNDS : EXACT_BOUNDS;
  yield layoutCheck(layout, fixture);
  yield* forwardChecks(model, fixture, bounds);
  yield* gradientChecks({ model, layout, bounds }, fixture);
  yield* maskChecks({ model, layout, bounds }, fixture);
  yield* tuningChecks({ model, layout, bounds }, fixture);
  if (options.aggregate) yield aggregationCheck(fixture, options.aggregate);
}

/** How far we may be from the fixture. */
interface Bounds {
  readonly loss: number;
  readonly logits: number;
  readonly gradient: number;
  readonly mask: number;
  readonly tuning: number;
  readonly theta: number;
}

const EXACT_BOUNDS: Bounds = { loss: 1e-4, logits: 1e-3, gradient: 1e-3, mask: 1e-3, tuning: 1e-3, theta: 1e-3 };
const HALF_BOUNDS: Bounds = { loss: 1e-3, logits: 1e-2, gradient: 5e-3, mask: 1e-2, tuning: 1e-3, theta: 5e-3 };

/**
 * Where the fixture says how far PyTorch's own float32 is from it: twice that for our programs in f32; five times, or the
 * bound, for tfjs' ops and for coarser weights.
 */
function within(bound: number, tensor: string, of: { fixture: ParityFixture; model: LanguageModel }): number {
  const theirs = of.fixture.float32[tensor] ?? 0;
  const isExact = of.model instanceof PackedModel && of.model.weights.isExact;
  return isExact && theirs > 0 ? 2 * theirs : Math.max(bound, 5 * theirs);
}

interface Subject {
  readonly model: LanguageModel;
  readonly layout: Layout;
  readonly bounds: Bounds;
}

function layoutCheck(layout: Layout, { lora }: ParityFixture): ParityCheck {
  const ours = layout.tensors.map(({ module, matrix, rows, columns }) => `${module}.${matrix} ${rows}x${columns}`);
  const theirs = lora.layout.flatMap(([module, a, b]) => [`${module}.A ${a.join('x')}`, `${module}.B ${b.join('x')}`]);
  const differing = Math.max(ours.length, theirs.length) - ours.filter((tensor, i) => tensor === theirs[i]).length;
  if (layout.size !== lora.parameterCount) {
    const message = `the fixture's theta has ${lora.parameterCount} positions, this model's ${layout.size}`;
    throw new ParityError('parity-other-model', message);
  }
  return check('layout', { measure: 'matrices that differ', error: differing, bound: 0 });
}

async function* forwardChecks(
  model: LanguageModel,
  fixture: ParityFixture,
  bounds: Bounds,
): AsyncGenerator<ParityCheck> {
  for (const [i, batch] of fixture.batches.entries()) {
    const loss = await scalar(model.loss(null, batch));
    yield relativeCheck(`forward loss, batch ${i}`, {
      ours: loss,
      theirs: fixture.forward.lossAllBatches[i],
      bound: bounds.loss,
    });
  }
  const batch = batchOf(fixture, 0);
  const [lastLogits, logSums] = tf.tidy(() => {
    const logits = model.sequenceLogits(null, batch); // [B·T, V]
    const lastRows = tf.range(batch.length - 1, batch.rows * batch.length, batch.length, 'int32');
    return [tf.gather(logits, lastRows), logSumExp(logits, tf.softmax(logits) as tf.Tensor2D)];
  }) as [tf.Tensor, tf.Tensor];
  yield distanceCheck('forward last logits', {
    ours: await values(lastLogits),
    theirs: fixture.tensor('forward.last_logits'),
    bound: bounds.logits,
  });
  yield distanceCheck('forward log-sum-exp', {
    ours: await values(logSums),
    theirs: fixture.tensor('forward.logsumexp'),
    bound: bounds.logits,
  });
}

async function* gradientChecks(
  { model, layout, bounds }: Subject,
  fixture: ParityFixture,
): AsyncGenerator<ParityCheck> {
  const theta = tf.tensor1d(fixture.tensor('lora.theta'));
  const { loss, gradient } = model.lossAndGradient(layout, theta, batchOf(fixture, 0));
  theta.dispose();
  yield relativeCheck('LoRA loss', { ours: await scalar(loss), theirs: fixture.lora.loss, bound: bounds.loss });
  const theirs = fixture.tensor('lora.grad');
  const ours = await values(gradient);
  const error = norm(difference(ours, theirs)) / norm(theirs);
  yield check('LoRA gradient', {
    measure: '‖difference‖ / ‖gradient‖',
    error,
    bound: within(bounds.gradient, 'lora.grad', { fixture, model }),
  });
}

async function* maskChecks({ model, layout, bounds }: Subject, fixture: ParityFixture): AsyncGenerator<ParityCheck> {
  for (const [name, { density, searchBatches }] of Object.entries(fixture.masks)) {
    const iterations = Number(name.slice(1));
    const batches = searchBatches.map((index) => batchOf(fixture, index));
    const settings = { density, iterations, score: 'taylor', scope: 'global', seed: 0 } as const;
    const start = { theta: fixture.tensor('lora.theta') };
    const search =
      tf.getBackend() === 'webgpu'
        ? searchMaskOnDevice(layout, start, (at) => gradientOnDevice({ model, layout, batches }, at), settings)
        : searchMask(layout, start, (at) => meanGradientOnHost(model, layout, { theta: at, batches }), settings);
    const mask = await resultOf(search);
    const theirs = fixture.tensor(`mask.taylor.${name}`);
    const differing = theirs.filter((kept, p) => (kept === 1) !== mask.has(p)).length;
    const error = lengthsMatch(theirs, layout.size) ? differing / layout.size : Number.NaN;
    const bound = within(bounds.mask, `mask.taylor.${name}`, { fixture, model });
    yield check(`Taylor mask, ${name}`, { measure: 'share of positions that differ', error, bound });
  }
}

async function* tuningChecks({ model, layout, bounds }: Subject, fixture: ParityFixture): AsyncGenerator<ParityCheck> {
  const { losses, finalLoss, batches, ...settings } = fixture.adamw;
  const kept = fixture.tensor('mask.taylor.K3');
  const mask = Mask.from(layout.size, (p) => kept[p] === 1);
  const start = MaskedAdamW.start(mask.apply(fixture.tensor('lora.theta')));
  const task = {
    model,
    layout,
    mask,
    anchor: start.theta,
    batchesOf: () => batches.map((index) => batchOf(fixture, index)),
    settings: { ...settings, epochs: 1, accumulation: 1, clipNorm: 0, proximal: 0 },
    now: () => 0,
  };
  const tuning = tune(task, start);
  for (;;) {
    const next = await tuning.next();
    if (next.done) {
      const adapter = AdapterTensors.fromTheta(layout, next.value.theta);
      const loss = await scalar(model.loss(adapter, batchOf(fixture, batches.length + 1)));
      adapter.dispose();
      yield relativeCheck('AdamW, loss after all steps', { ours: loss, theirs: finalLoss, bound: bounds.tuning });
      const theirs = fixture.tensor('adamw.theta10');
      const error = norm(difference(next.value.theta, theirs)) / norm(theirs);
      yield check('AdamW, theta after all steps', { measure: '‖difference‖ / ‖theta‖', error, bound: bounds.theta });
      return;
    }
    if (next.value.kind === 'checkpoint') continue;
    const { step, loss } = next.value;
    yield relativeCheck(`AdamW, loss before step ${step}`, {
      ours: loss,
      theirs: losses[step - 1],
      bound: bounds.tuning,
    });
  }
}

function aggregationCheck(fixture: ParityFixture, aggregate: NonNullable<ParityOptions['aggregate']>): ParityCheck {
  const submissions = fixture.aggregation.weights.map((weight, i) => {
    const kept = fixture.tensor(`agg.mask${i}`);
    const mask = Mask.from(kept.length, (p) => kept[p] === 1);
    return { mask, delta: mask.apply(fixture.tensor(`agg.delta${i}`)), weight };
  });
  const ours = aggregate(fixture.tensor('agg.global'), submissions);
  return distanceCheck('aggregation', { ours, theirs: fixture.tensor('agg.result'), bound: 1e-6 });
}

async function meanGradientOnHost(
  model: LanguageModel,
  layout: Layout,
  at: { theta: Float32Array; batches: readonly TokenBatch[] },
): Promise<Float32Array> {
  const theta = tf.tensor1d(at.theta);
  const sum = new Float32Array(layout.size);
  for (const batch of at.batches) {
    const { loss, gradient } = model.lossAndGradient(layout, theta, batch);
    loss.dispose();
    (await values(gradient)).forEach((value, p) => {
      sum[p] = (sum[p] as number) + value / at.batches.length;
    });
  }
  theta.dispose();
  return sum;
}

interface Compared {
  readonly ours: Float32Array;
  readonly theirs: Float32Array;
  readonly bound?: number;
}

function distanceCheck(name: string, { ours, theirs, bound = 1e-3 }: Compared): ParityCheck {
  const error = difference(ours, theirs).reduce((most, value) => maxOrNaN(most, Math.abs(value)), 0);
  return check(name, { measure: 'greatest absolute difference', error, bound });
}

function relativeCheck(
  name: string,
  compared: { ours: number; theirs: number | undefined; bound: number },
): ParityCheck {
  const { ours, theirs = Number.NaN, bound } = compared;
  return check(name, { measure: 'relative difference', error: Math.abs(ours - theirs) / Math.abs(theirs), bound });
}

function check(name: string, at: { measure: string; error: number; bound: number }): ParityCheck {
  return { name, ...at, passed: at.error <= at.bound };
}

/** NaN throughout where the lengths differ: a check over it fails. */
function difference(ours: Float32Array, theirs: Float32Array): Float64Array {
  if (!lengthsMatch(ours, theirs.length)) return new Float64Array(1).fill(Number.NaN);
  return Float64Array.from(ours, (value, i) => value - (theirs[i] as number));
}

function lengthsMatch(values: Float32Array, length: number): boolean {
  return values.length === length;
}

function maxOrNaN(a: number, b: number): number {
  return a >= b ? a : b > a ? b : Number.NaN;
}

function norm(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

function batchOf(fixture: ParityFixture, index: number): TokenBatch {
  const batch = fixture.batches[index];
  if (!batch) throw new ParityError('parity-invalid-fixture', `the fixture has no batch ${index}`);
  return batch;
}

async function scalar(tensor: tf.Tensor): Promise<number> {
  return (await values(tensor))[0] as number;
}

async function values(tensor: tf.Tensor): Promise<Float32Array> {
  const data = (await tensor.data()) as Float32Array;
  tensor.dispose();
  return data;
}

async function resultOf<T>(generator: AsyncGenerator<unknown, T>): Promise<T> {
  for (;;) {
    const next = await generator.next();
    if (next.done) return next.value;
  }
}
