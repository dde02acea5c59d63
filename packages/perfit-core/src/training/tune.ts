import type { Layout, Mask } from '@perfit/protocol/space';
import type { TunedAdapter, TuningCheckpoint, TuningProgress, TuningSettings } from '@perfit/protocol/tuner';
import * as tf from '@tensorflow/tfjs-core';
import { AdapterTensors } from '../model/adapter-tensors.ts';
import type { LanguageModel } from '../model/language-model.ts';
import type { TokenBatch } from '../text/token-batch.ts';
import { MaskedAdamW } from './adamw.ts';
import { yieldToEventLoop } from './event-loop.ts';
import { CONSTANT_RATE, rateAt } from './learning-rate.ts';
import { perplexity } from './perplexity.ts';
import { TrainingError } from './training-error.ts';

/** Without what orders the examples. */
type TuneSettings = Omit<TuningSettings, 'batchSize' | 'seed'>;

export interface TuneTask {
  readonly model: LanguageModel;
  readonly layout: Layout;
  /** Coordinates that train. */
  readonly mask: Mask;
  /** What a proximal term pulls to, [N]. */
  readonly anchor: Float32Array;
  /** The batches of an epoch, counted from 0: as many in every epoch, and the same whenever it is asked. */
  readonly batchesOf: (epoch: number) => readonly TokenBatch[];
  readonly settings: TuneSettings;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds of a clock, for the time between checkpoints. */
  readonly now: () => number;
}

const checkpointInterval = 5_000;

/**
 * PF4: AdamW confined to the mask. A checkpoint is yielded at every epoch's end and every five seconds; going on from
 * one gives the theta that the uninterrupted run gives, to the bit.
 * @throws the signal's reason between two steps   @throws TrainingError `training-not-finite`, `training-no-examples`, `training-wrong-size`
 */
export async function* tune(task: TuneTask, start: TuningCheckpoint): AsyncGenerator<TuningProgress, TunedAdapter> {
  const { model, layout, mask, settings, signal, now } = task;
  checkSizes(task, start);
  const stepsInEpoch = Math.ceil(task.batchesOf(0).length / settings.accumulation);
  const steps = countSteps(settings.epochs, stepsInEpoch);
  const optimizer = new MaskedAdamW(start, mask, settings);
  const pull = settings.proximal > 0 ? { anchor: tf.tensor1d(task.anchor), strength: settings.proximal } : null;
  let epochLosses: number[] = [];
  let savedAt = now();
  try {
    for (let step = start.step; step < steps; step++) {
      signal?.throwIfAborted();
      const epoch = Math.floor(step / stepsInEpoch);
      const inEpoch = step % stepsInEpoch;
      const first = inEpoch * settings.accumulation;
      const batches = task.batchesOf(epoch).slice(first, first + settings.accumulation);

      const { loss, gradient } = meanGradient(model, layout, optimizer.theta, batches);
      optimizer.apply(gradient, { pull, rate: rateAt(step, steps, settings.rate ?? CONSTANT_RATE) });
      gradient.dispose();
      const lossValue = await readScalar(loss);
      if (!Number.isFinite(lossValue)) {
        throw new TrainingError('training-not-finite', `the loss is ${lossValue} at step ${step + 1} of ${steps}`);
      }
      if (inEpoch === 0) epochLosses = [];
      epochLosses.push(lossValue);
      const tokens = batches.reduce((sum, batch) => sum + batch.tokens, 0);
      yield { kind: 'step', epoch: epoch + 1, step: step + 1, steps, loss: lossValue, tokens };

      const isEpochEnd = inEpoch === stepsInEpoch - 1 || step === steps - 1;
      if (isEpochEnd || now() - savedAt >= checkpointInterval) {
        yield { kind: 'checkpoint', checkpoint: await optimizer.state(), isEpochEnd };
        savedAt = now();
      }
      await yieldToEventLoop();
    }
    const theta = await optimizer.readTheta();
    // Where no step was left to do, the loss is that of the theta at hand.
    const loss = epochLosses.length > 0 ? mean(epochLosses) : await lossOver(task, theta);
    return { theta, steps, loss };
  } finally {
    optimizer.dispose();
    pull?.anchor.dispose();
  }
}

/**
 * Loss and gradient averaged over batches, each batch counting the same.
 * @param theta [N], left as it is   @returns tensors that the caller disposes
 */
export function meanGradient(
  model: LanguageModel,
  layout: Layout,
  theta: tf.Tensor1D,
  batches: readonly TokenBatch[],
): { loss: tf.Scalar; gradient: tf.Tensor1D } {
  return tf.tidy(() => {
    let total = model.lossAndGradient(layout, theta, batches[0] as TokenBatch);
    for (const batch of batches.slice(1)) {
      const next = model.lossAndGradient(layout, theta, batch);
      const sum = { loss: tf.add(total.loss, next.loss), gradient: tf.add(total.gradient, next.gradient) };
      tf.dispose([total.loss, total.gradient, next.loss, next.gradient]);
      total = sum as typeof total;
    }
    if (batches.length === 1) return total;
    const share = 1 / batches.length;
    return { loss: tf.mul(total.loss, share) as tf.Scalar, gradient: tf.mul(total.gradient, share) as tf.Tensor1D };
  });
}

async function lossOver({ model, layout, batchesOf, signal }: TuneTask, theta: Float32Array): Promise<number> {
  const adapter = AdapterTensors.fromTheta(layout, theta);
  try {
    return Math.log(await perplexity(model, adapter, batchesOf(0), signal ? { signal } : {}));
  } finally {
    adapter.dispose();
  }
}

/** Steps that so many epochs are: at least one where any tuning was asked for. */
function countSteps(epochs: number, stepsInEpoch: number): number {
  return epochs === 0 ? 0 : Math.max(1, Math.round(epochs * stepsInEpoch));
}

function checkSizes({ layout, mask, batchesOf }: TuneTask, start: TuningCheckpoint): void {
  const lengths = [start.theta.length, start.firstMoment.length, start.secondMoment.length, mask.size];
  if (lengths.some((length) => length !== layout.size)) {
    throw new TrainingError(
      'training-wrong-size',
      `theta, moments and mask have ${lengths.join(', ')} positions, the layout ${layout.size}`,
    );
  }
  if (batchesOf(0).length === 0) throw new TrainingError('training-no-examples', 'there is no example to train on');
}

async function readScalar(scalar: tf.Scalar): Promise<number> {
  const [value] = await scalar.data();
  scalar.dispose();
  return value as number;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
