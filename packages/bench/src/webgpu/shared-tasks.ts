import type { ModelConfig } from '@perfit/core';
import {
  type AdamWStep,
  FusedAdamW,
  flashAttention,
  linearForward,
  loraDown,
  loraDownGradient,
  loraGradients,
  noise,
  type PackedAdapter,
  PackedMatrix,
  type Timing,
  timeOnDevice,
  WgslRunner,
} from '@perfit/core/programs';
import { Mask } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';

/** Row-major numbers, f32. */
export interface SharedArray {
  readonly shape: number[];
  readonly values: Float32Array<ArrayBuffer>;
}

interface Described {
  /** Its widths, for people. */
  readonly shape: string;
}

/** y = xWᵀ. */
export interface SharedMatmul extends Described {
  readonly name: 'matmul';
  /** [M, I] */
  readonly x: SharedArray;
  /** W [O, I] */
  readonly weight: SharedArray;
}

/** softmax(qkᵀ / √d) v, causal; query heads share key heads. */
export interface SharedAttention extends Described {
  readonly name: 'attention';
  /** [B, T, H, d] */
  readonly queries: SharedArray;
  /** [B, T, K, d] both */
  readonly keys: SharedArray;
  readonly values: SharedArray;
}

/**
 * A step of Adam on the LoRA pair of one linear layer: y = xWᵀ + xAᵀBᵀ, loss = ½ Σ (y − target)², the gradients of A and
 * B, and θ −= stepSize · m / (√v + ε). Whole models are not compared: it is the widths of their layers that are.
 */
export interface SharedStep extends Described {
  readonly name: 'training step';
  /** [M, I] */
  readonly x: SharedArray;
  /** W [O, I], frozen */
  readonly weight: SharedArray;
  /** [M, O] */
  readonly target: SharedArray;
  /** A [R, I] */
  readonly a: SharedArray;
  /** B [O, R] */
  readonly b: SharedArray;
  readonly adam: Pick<AdamWStep, 'beta1' | 'beta2' | 'epsilon' | 'stepSize'>;
}

/** What our programs and another library's can both be given: the same numbers in, the same numbers out. */
export type SharedTask = SharedMatmul | SharedAttention | SharedStep;

/** A task on one side: what it computes, and a way to time it. */
export interface Side {
  /** y, the output of attention, or after one step the loss, the first moments of A and B, A and B. */
  results(): Promise<Float32Array[]>;
  time(): Promise<Timing>;
  dispose(): void;
}

/** The tasks at the widths of a model's gate and up, and of its attention. */
export function sharedTasks(config: ModelConfig, at: { rows: number; length: number; rank: number }): SharedTask[] {
  const { rows, length, rank } = at;
  const { heads, keyHeads, headWidth } = config;
  const [m, inWidth, outWidth] = [rows * length, config.width, 2 * config.feedForwardWidth];
  const x = array([m, inWidth], 1);
  const weight = array([outWidth, inWidth], 2);
  const product = `[${m}, ${inWidth}] x [${inWidth}, ${outWidth}]`;
  return [
    { name: 'matmul', shape: product, x, weight },
    {
      name: 'attention',
      shape: `B ${rows}, T ${length}, H ${heads}, K ${keyHeads}, d ${headWidth}`,
      queries: array([rows, length, heads, headWidth], 3),
      keys: array([rows, length, keyHeads, headWidth], 4),
      values: array([rows, length, keyHeads, headWidth], 5),
    },
    {
      name: 'training step',
      shape: `${product}, LoRA of rank ${rank}, Adam`,
      x,
      weight,
      target: array([m, outWidth], 6),
      a: array([rank, inWidth], 7),
      b: array([outWidth, rank], 8),
      adam: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, stepSize: 1e-3 },
    },
  ];
}

/** Our side, in f32 throughout, on the current WebGPU device. */
export function ourSide(task: SharedTask): Side {
  switch (task.name) {
    case 'matmul':
      return ourMatmul(task);
    case 'attention':
      return ourAttention(task);
    case 'training step':
      return new OurStep(task);
  }
}

function ourMatmul(task: SharedMatmul): Side {
  const x = matrix(task.x);
  const weight = packed(task.weight);
  const run = () => linearForward(x, { weight, bias: null }, { adapter: null, low: null });
  return sideOf(run, [x, weight]);
}

function ourAttention({ queries, keys, values }: SharedAttention): Side {
  const [rows, length, heads, headWidth] = queries.shape as [number, number, number, number];
  const keyHeads = keys.shape[2] as number;
  const rotated = tf.tidy(() => tf.concat([matrix(queries, 2), matrix(keys, 2)], 1));
  const own = matrix(values, 2);
  const view = (tensor: tf.Tensor2D, head: number) => {
    return { tensor, column: head * headWidth, stride: tensor.shape[1], rowsPerSequence: length };
  };
  const run = () => {
    const { out, logSumExp } = flashAttention({
      queries: view(rotated, 0),
      keys: view(rotated, heads),
      values: view(own, 0),
      starts: null,
      shape: { sequences: rows, heads, keyHeads, headWidth },
    });
    logSumExp.dispose();
    return out;
  };
  return sideOf(run, [rotated, own]);
}

/** The programs of a layer's forward and backward pass and the fused AdamW, without clipping or decay. */
class OurStep implements Side {
  readonly #x: tf.Tensor2D;
  readonly #weight: PackedMatrix;
  /** −target: the product's program adds it, so that it writes the error of y. */
  readonly #negatedTarget: tf.Tensor2D;
  readonly #gradient: tf.Tensor1D;
  readonly #optimizer: FusedAdamW;
  readonly #adapter: PackedAdapter;
  readonly #adam: AdamWStep;

  constructor({ x, weight, target, a, b, adam }: SharedStep) {
    const [rank, inWidth] = a.shape as [number, number];
    const outWidth = b.shape[0] as number;
    const size = rank * (inWidth + outWidth);
    this.#x = matrix(x);
    this.#weight = packed(weight);
    this.#negatedTarget = tf.tidy(() => tf.neg(matrix(target)));
    this.#gradient = WgslRunner.current().empty([size]);
    const theta = tf.keep(tf.tidy(() => tf.concat([tf.tensor1d(a.values), tf.tensor1d(b.values)])));
    const [firstMoment, secondMoment] = [tf.keep(tf.zeros([size])), tf.keep(tf.zeros([size]))] as tf.Tensor1D[];
    const tensors = { theta, firstMoment, secondMoment } as FusedAdamW['tensors'];
    this.#optimizer = new FusedAdamW(tensors, Mask.full(size));
    const modules = [{ start: 0, width: outWidth, offsetA: 0, offsetB: rank * inWidth }];
    this.#adapter = { theta, rank, scale: 1, modules };
    this.#adam = { ...adam, spreadScale: 1, decay: 0, clipNorm: 0 };
  }

  async results(): Promise<Float32Array[]> {
    const loss = this.#step();
    const { theta, firstMoment } = this.#optimizer.tensors;
    const read = [loss, firstMoment, theta].map((tensor) => tensor.data() as Promise<Float32Array>);
    const results = await Promise.all(read);
    loss.dispose();
    return results;
  }

  time(): Promise<Timing> {
    return timeOnDevice(() => {
      this.#step().dispose();
      return this.#optimizer.tensors.theta.clone();
    });
  }

  /** @returns the loss before the step; the caller disposes it */
  #step(): tf.Scalar {
    const [x, adapter] = [this.#x, this.#adapter];
    const low = loraDown(x, adapter);
    const linear = { weight: this.#weight, bias: null };
    const error = linearForward(x, linear, { adapter, low, residual: this.#negatedTarget });
    const loss = tf.tidy(() => tf.mul(tf.sum(tf.square(error)), 0.5) as tf.Scalar);
    const dLow = loraDownGradient(error, adapter);
    loraGradients({ x, dy: error, low, dLow, gradient: this.#gradient, add: false }, adapter);
    this.#optimizer.apply(this.#gradient, this.#adam, null);
    tf.dispose([low, error, dLow]);
    return loss;
  }

  dispose(): void {
    for (const own of [this.#x, this.#weight, this.#negatedTarget, this.#gradient, this.#optimizer]) own.dispose();
  }
}

function sideOf(run: () => tf.Tensor, owned: readonly { dispose(): void }[]): Side {
  return {
    results: async () => {
      const out = run();
      const values = (await out.data()) as Float32Array;
      out.dispose();
      return [values];
    },
    time: () => timeOnDevice(run),
    dispose: () => {
      for (const own of owned) own.dispose();
    },
  };
}

function array(shape: number[], seed: number): SharedArray {
  return {
    shape,
    values: noise(
      shape.reduce((product, width) => product * width, 1),
      seed,
    ),
  };
}

/** With its first `leading` axes as rows. */
function matrix({ shape, values }: SharedArray, leading = 1): tf.Tensor2D {
  const rows = shape.slice(0, leading).reduce((product, width) => product * width, 1);
  return tf.tensor2d(values, [rows, values.length / rows]);
}

function packed({ shape, values }: SharedArray): PackedMatrix {
  const [rows, columns] = shape as [number, number];
  return PackedMatrix.from('f32', values, { rows, columns });
}
