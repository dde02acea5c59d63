import { type Layout, Mask } from '@perfit/protocol/space';
import type { LocalTuner, SearchProgress } from '@perfit/protocol/tuner';
import * as tf from '@tensorflow/tfjs-core';
import { AdapterTensors } from '../model/adapter-tensors.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { type MaskSearch, type PruneCheckpoint, type PruneStep, searchMask } from '../search/search-mask.ts';
import { searchMaskOnDevice } from '../search/search-mask-on-device.ts';
import { makeBatches } from '../text/batches.ts';
import type { TokenizedExample } from '../text/examples.ts';
import type { TokenBatch } from '../text/token-batch.ts';
import { MaskedAdamW } from './adamw.ts';
import { labelOutcomes } from './label-outcomes.ts';
import { mapProgress } from './map-progress.ts';
import { perplexity } from './perplexity.ts';
import { gradientOnDevice, gradientOnHost, type SearchTask } from './search-gradient.ts';
import { TrainingError } from './training-error.ts';
import { tune as tuneModel } from './tune.ts';
import { warmUp } from './warm-up.ts';

export interface LocalTunerOptions {
  /** Not owned: the caller disposes it when the tuner is no longer used. */
  readonly model: LanguageModel;
  readonly layout: Layout;
  readonly training: readonly TokenizedExample[];
  readonly heldOut: readonly TokenizedExample[];
  /** Rows of neither split, by which the best of several rounds may be chosen; none where absent. */
  readonly validation?: readonly TokenizedExample[];
  readonly batching: {
    /** No row is longer, padding included. */
    readonly maxLength: number;
    readonly padId: number;
    /** Rows of a batch of held-out examples; 8 where absent. */
    readonly evaluationBatchSize?: number;
  };
  /** Milliseconds of a clock, for the time between checkpoints; `performance.now` where absent. */
  readonly now?: () => number;
}

/**
 * The tuner of one client over a model on the current backend. Every call frees what it put there, also where it
 * throws or where its consumer stops early. The generators yield after every step and throw the signal's reason.
 */
export function createLocalTuner(options: LocalTunerOptions): LocalTuner {
  const { model, layout, training, heldOut, validation = [], batching } = options;
  const { maxLength, padId, evaluationBatchSize = 8 } = batching;
  const now = options.now ?? (() => performance.now());

  const tune: LocalTuner['tune'] = (start, settings, signal) => {
    const { batchSize, seed } = settings;
    const batchesOf = epochBatches(training, { batchSize, seed, maxLength, padId });
    const { theta, mask } = start;
    const task = { model, layout, mask, anchor: theta, batchesOf, settings, signal, now };
    return tuneModel(task, start.checkpoint ?? MaskedAdamW.start(theta));
  };

  return {
    layout,
    examples: { training: training.length, heldOut: heldOut.length, validation: validation.length },

    async perplexity(theta, signal, on = 'heldOut') {
      if (theta !== null) checkLength(theta, layout);
      const rows = on === 'heldOut' ? heldOut : validation;
      const batches = makeBatches(rows, { batchSize: evaluationBatchSize, maxLength, padId });
      const adapter = theta && AdapterTensors.fromTheta(layout, theta);
      try {
        return await perplexity(model, adapter, batches, signal ? { signal } : {});
      } finally {
        adapter?.dispose();
      }
    },

    async heldOutLosses(theta, signal) {
      if (theta !== null) checkLength(theta, layout);
      const adapter = theta && AdapterTensors.fromTheta(layout, theta);
      try {
        const rows = await labelOutcomes({ model, adapter }, heldOut, {
          maxLength,
          padId,
          ...(signal ? { signal } : {}),
        });
        return rows.map(({ losses }) => ({ nats: losses.reduce((sum, loss) => sum + loss, 0), tokens: losses.length }));
      } finally {
        adapter?.dispose();
      }
    },

    async measureSpeed(signal) {
      const [batch] = makeBatches(training, { batchSize: evaluationBatchSize, maxLength, padId, seed: 0 });
      if (!batch) throw new TrainingError('training-no-examples', 'there is no example to measure the speed with');
      const zeros = tf.tensor1d(new Float32Array(layout.size));
      const step = async () => (await gradientOnDevice({ model, layout, batches: [batch], signal }, zeros)).dispose();
      try {
        await step();
        const began = now();
        await step();
        return (1000 * batch.tokens) / Math.max(1, now() - began);
      } finally {
        zeros.dispose();
      }
    },

    tune,

    async *search(start, settings, signal) {
      checkLength(start.theta, layout);
      if (settings.prior) checkLength(settings.prior.owners, layout, 'the prior');
      // (a) Warm-up in the full space: at B = 0 every Taylor score is zero.
      const { checkpoint } = start;
      let pruning = checkpoint?.part === 'pruning' ? checkpoint : null;
      if (!pruning) {
        const warm = yield* warmUp({ tune }, start, { settings, signal });
        pruning = { part: 'pruning', warm, iteration: 0, mask: Mask.full(layout.size) };
        yield { kind: 'checkpoint', checkpoint: pruning };
      }
      // (b) The iterative search; every step looks at the same S batches.
      const { batchSize } = settings.tuning;
      const shuffledBatches = makeBatches(training, { batchSize, maxLength, padId, seed: settings.seed });
      const scored = shuffledBatches.slice(0, settings.batches);
      const { warm } = pruning;
      const search = pruned({ model, layout, batches: scored, signal }, pruning, settings);
      const mask = yield* mapProgress(
        search,
        (progress): SearchProgress =>
          progress.kind === 'checkpoint'
            ? { kind: 'checkpoint', checkpoint: { part: 'pruning', warm, ...progress.checkpoint } }
            : progress,
      );
      return { mask, warm };
    },
  };
}

/** PF3 (b), where the numbers are: on WebGPU they stay on the device. */
function pruned(
  task: SearchTask,
  { warm, ...checkpoint }: PruneCheckpoint & { readonly warm: Float32Array },
  search: MaskSearch,
): AsyncGenerator<PruneStep, Mask> {
  const start = { theta: warm, checkpoint };
  return tf.getBackend() === 'webgpu'
    ? searchMaskOnDevice(task.layout, start, (masked) => gradientOnDevice(task, masked), search)
    : searchMask(task.layout, start, (masked) => gradientOnHost(task, masked), search);
}

/** The batches of an epoch, in an order of its own; the last epoch asked for is kept. */
function epochBatches(
  training: readonly TokenizedExample[],
  options: { batchSize: number; seed: number; maxLength: number; padId: number },
): (epoch: number) => readonly TokenBatch[] {
  let kept: { epoch: number; batches: TokenBatch[] } | null = null;
  return (epoch) => {
    if (kept?.epoch !== epoch) {
      const seed = (Math.imul(options.seed, 0x9e3779b1) + epoch) >>> 0;
      kept = { epoch, batches: makeBatches(training, { ...options, seed }) };
    }
    return kept.batches;
  };
}

function checkLength(values: Float32Array, layout: Layout, what = 'theta'): void {
  if (values.length === layout.size) return;
  throw new TrainingError('training-wrong-size', `${what} has ${values.length} positions, the layout ${layout.size}`);
}
