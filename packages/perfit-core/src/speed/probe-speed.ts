import * as tf from '@tensorflow/tfjs-core';
import { linearForward } from '../ops/packed-linear/packed-linear.ts';
import type { RoundedPrecision } from '../ops/packed-matrix/formats.ts';
import { PackedMatrix } from '../ops/packed-matrix/packed-matrix.ts';
import { yieldToEventLoop } from '../training/event-loop.ts';
import { noise } from './noise.ts';
import { settle } from './timing.ts';

/** A model's widest product: x [M, I] with W [O, I]. */
export interface ProbeShape {
  /** M, rows of a batch at most: B·T. */
  readonly rows: number;
  readonly inWidth: number;
  readonly outWidth: number;
  /** How our program holds W; f32 elsewhere. */
  readonly precision: RoundedPrecision;
}

export interface ProbeOptions {
  /** How long to measure, after what compiles and warms up. */
  readonly budgetMs?: number;
  readonly signal?: AbortSignal;
  /** Milliseconds. */
  readonly now?: () => number;
}

/** Fewer rows leave tiles empty. */
const FIRST_ROWS = 64;
/** Shorter batches measure the clock and the way to the device. */
const SHORTEST_BATCH_MS = 100;

/**
 * How many f32 operations a second the current backend reaches on a model's own product: our program over packed
 * weights on WebGPU, tfjs' matMul elsewhere. Batches of products, each ended by reading a number of the last one, grow
 * until they are long enough to time; then they are repeated until the time is over.
 * @returns operations a second, a multiplication and an addition counted as two   @throws the signal's reason
 */
export async function probeSpeed(shape: ProbeShape, options: ProbeOptions = {}): Promise<number> {
  const { budgetMs = 1000, signal, now = () => performance.now() } = options;
  const product = productOf(shape);
  try {
    let rows = Math.min(FIRST_ROWS, shape.rows);
    let runs = 1;
    await product.run(rows, 1);
    const end = now() + budgetMs;
    let best = 0;
    do {
      signal?.throwIfAborted();
      const began = now();
      await product.run(rows, runs);
      const milliseconds = now() - began;
      best = Math.max(best, (2000 * runs * rows * shape.inWidth * shape.outWidth) / Math.max(milliseconds, 0.01));
      if (milliseconds < SHORTEST_BATCH_MS) {
        if (rows < shape.rows) rows = Math.min(2 * rows, shape.rows);
        else runs *= 2;
      }
      await yieldToEventLoop();
    } while (now() < end);
    return best;
  } finally {
    product.dispose();
  }
}

interface Product {
  /** So many products of so many rows, until the last one is written. */
  run(rows: number, runs: number): Promise<void>;
  dispose(): void;
}

function productOf({ rows, inWidth, outWidth, precision }: ProbeShape): Product {
  const all = tf.tensor2d(noise(rows * inWidth), [rows, inWidth]);
  const values = noise(outWidth * inWidth, 2);
  const weight = { values, rows: outWidth, columns: inWidth };
  const { multiply, dispose } = tf.getBackend() === 'webgpu' ? packed(weight, precision) : plain(weight);
  return {
    async run(count, runs) {
      const x = tf.slice(all, [0, 0], [count, inWidth]);
      try {
        for (let i = 1; i < runs; i++) multiply(x).dispose();
        const last = multiply(x);
        await settle(last).finally(() => last.dispose());
      } finally {
        x.dispose();
      }
    },
    dispose() {
      all.dispose();
      dispose();
    },
  };
}

/** Row-major. */
interface Weight {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

function packed({ values, ...shape }: Weight, precision: RoundedPrecision) {
  const weight = PackedMatrix.from(precision, values, shape);
  return {
    multiply: (x: tf.Tensor2D) => linearForward(x, { weight, bias: null }, { adapter: null, low: null }),
    dispose: () => weight.dispose(),
  };
}

function plain({ values, rows, columns }: Weight) {
  // As frozen matrices lie there: the WASM backend is eight times slower where it has to transpose.
  const weight = tf.tensor2d(values, [columns, rows]);
  return { multiply: (x: tf.Tensor2D) => tf.matMul(x, weight), dispose: () => weight.dispose() };
}
