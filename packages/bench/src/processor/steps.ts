import { type LanguageModel, loadModel, type TokenBatch, WASM_BUDGET } from '@perfit/core';
import {
  ComposedAdamW,
  linearForwardOnWasm,
  MODEL_SHAPES,
  type ModelShape,
  ownedAdamW,
  PackedMatrix,
  PackedModel,
  syntheticSource,
} from '@perfit/core/programs';
import { buildLayout, initialTheta, Mask, PROJECTIONS } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';

export interface ProcessorWish {
  readonly shape: ModelShape;
  /** B and T of the batch, and the adapter's rank, on all seven projections. */
  readonly rows: number;
  readonly length: number;
  readonly rank: number;
  readonly steps: number;
  /** Tokens of a prompt that is read at once. */
  readonly prompt: number;
}

/** Rates of one way to compute, tokens a second; the best of the repetitions, which other work disturbs least. */
export interface ProcessorRates {
  /** A step of tuning: loss, gradient, AdamW. Every second position has a label. */
  readonly step: number;
  readonly prefill: number;
  readonly decode: number;
  readonly checkpointing: boolean;
  readonly rowsAtOnce: number;
}

/** A product of rows with a weight, billions of products and sums a second: in our program, and in tfjs' op. */
export async function productRates(): Promise<{ readonly own: number; readonly tfjs: number }> {
  const [rows, inWidth, outWidth] = [480, 576, 1536];
  const noise = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i));
  const x = tf.tensor2d(noise(rows * inWidth), [rows, inWidth]);
  const values = noise(outWidth * inWidth);
  const weight = PackedMatrix.from('f32', values, { rows: outWidth, columns: inWidth });
  const transposed = tf.tidy(() => tf.transpose(tf.tensor2d(values, [outWidth, inWidth])));
  const rate = async (run: () => tf.Tensor) => {
    const milliseconds = await best(8, async () => run().dispose());
    return (2 * rows * inWidth * outWidth) / milliseconds / 1e6;
  };
  const own = await rate(() => linearForwardOnWasm(x, { weight, bias: null }, { adapter: null, low: null }));
  const tfjs = await rate(() => tf.matMul(x, transposed));
  tf.dispose([x, transposed]);
  weight.dispose();
  return { own, tfjs };
}

/**
 * A step, a prompt and words one by one, of a model by its shape alone, on the current WASM backend.
 * @param programs ours as the planner would have them; tfjs' ops with everything kept where that fits, else with blocks
 * computed twice
 */
export async function benchOnProcessor(wish: ProcessorWish, programs: 'own' | 'composed'): Promise<ProcessorRates> {
  const { shape, rows, length, rank, steps, prompt } = wish;
  const space = { rank, alpha: rank, targets: PROJECTIONS };
  const source = syntheticSource(MODEL_SHAPES[shape]);
  const model =
    programs === 'own'
      ? await loadModel(source, {
          wish: {
            batchSize: rows,
            maxLength: length,
            budget: WASM_BUDGET,
            layout: (widths) => buildLayout(widths, space),
          },
        })
      : await loadModel(source, { programs, checkpointing: shape !== 'nano' });
  const layout = model.layout(space);
  const mask = Mask.full(layout.size);
  const tensors = {
    theta: tf.tensor1d(initialTheta(layout, 1)),
    firstMoment: tf.zeros<tf.Rank.R1>([layout.size]),
    secondMoment: tf.zeros<tf.Rank.R1>([layout.size]),
  };
  const optimizer = programs === 'own' ? ownedAdamW(tensors, mask) : new ComposedAdamW(tensors, mask);
  const batch = batchOf(model, rows, length);
  const step = await best(steps, async () => {
    const { loss, gradient } = model.lossAndGradient(layout, optimizer.tensors.theta, batch);
    optimizer.apply(gradient, STEP, null);
    await loss.data();
    tf.dispose([loss, gradient]);
  });
  optimizer.dispose();
  const words = Array.from({ length: prompt }, (_, i) => (i * 37) % model.config.vocabSize);
  const prefill = await best(2, async () => {
    const cache = model.createCache(prompt + 16);
    const logits = model.nextLogits(null, words, cache);
    await logits.data();
    logits.dispose();
    cache.dispose();
  });
  const decode = await decodeRate(model, words.slice(0, 64));
  const { checkpointing, rowsAtOnce } =
    model instanceof PackedModel && model.plan ? model.plan : { checkpointing: shape !== 'nano', rowsAtOnce: rows };
  model.dispose();
  return { step: (1000 * rows * length) / step, prefill: (1000 * prompt) / prefill, decode, checkpointing, rowsAtOnce };
}

const STEP = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  stepSize: 1e-4,
  spreadScale: 1,
  decay: 0,
  clipNorm: 1,
};

async function decodeRate(model: LanguageModel, words: readonly number[]): Promise<number> {
  const count = 16;
  const cache = model.createCache(words.length + 3 * count);
  model.nextLogits(null, words, cache).dispose();
  const milliseconds = await best(2, async () => {
    for (let i = 0; i < count; i++) {
      const logits = model.nextLogits(null, [i], cache);
      await logits.data();
      logits.dispose();
    }
  });
  cache.dispose();
  return (1000 * count) / milliseconds;
}

function batchOf(model: LanguageModel, rows: number, length: number): TokenBatch {
  const inputIds = Int32Array.from({ length: rows * length }, (_, i) => (i * 37) % model.config.vocabSize);
  const labels = inputIds.map((id, i) => (i % 2 === 0 ? id : -100));
  return { inputIds, labels, rows, length, tokens: rows * length };
}

async function best(repetitions: number, run: () => Promise<void>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i <= repetitions; i++) {
    const began = performance.now();
    await run();
    // The first one compiles and warms up.
    if (i > 0) least = Math.min(least, performance.now() - began);
  }
  return least;
}
