import {
  type ModelSource,
  namedWeights,
  type OtherGradient,
  type OtherModel,
  type OtherTuning,
  type Precision,
  parseModelConfig,
  type TokenBatch,
} from '@perfit/core';
import type { Layout } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs';
import { inStock } from './stock-backend.ts';
import { type StockAdapter, StockLlama } from './stock-llama.ts';

/**
 * A model in stock TensorFlow.js, to compare with.
 * @param precision what its matrices are rounded to; they are computed with in f32
 * @throws ModelError   @throws WeightsError   @throws Error where stock TensorFlow.js does not start
 */
export async function openStock(source: ModelSource, precision: Precision): Promise<OtherModel> {
  const config = parseModelConfig(await source.text('config.json'));
  const weights = await namedWeights(source, precision);
  return new StockModel(await inStock(() => new StockLlama(config, weights)));
}

class StockModel implements OtherModel {
  readonly name = 'stock tfjs';
  readonly #llama: StockLlama;

  constructor(llama: StockLlama) {
    this.#llama = llama;
  }

  lossAndGradient(layout: Layout, theta: Float32Array, batch: TokenBatch): Promise<OtherGradient> {
    return inStock(async () => {
      const variables = variablesOf(layout, theta);
      const adapter = adapterOf(layout, variables);
      const { value, grads } = tf.variableGrads(() => this.#llama.loss(adapter, batch), variables);
      const [loss] = await value.data();
      const gradient = new Float32Array(layout.size);
      for (const [i, { name }] of variables.entries()) {
        const values = await (grads[name] as tf.Tensor).data<'float32'>();
        gradient.set(values, layout.tensors[i]?.offset);
      }
      tf.dispose([value, grads, variables]);
      return { loss: loss as number, gradient };
    });
  }

  tuning(layout: Layout, theta: Float32Array, learningRate: number): Promise<OtherTuning> {
    return inStock(() => new StockTuning(this.#llama, variablesOf(layout, theta), { layout, learningRate }));
  }

  dispose(): void {
    this.#llama.dispose();
  }
}

/** It owns the variables and what Adam knows of them. */
class StockTuning implements OtherTuning {
  readonly #llama: StockLlama;
  readonly #variables: tf.Variable[];
  readonly #adapter: StockAdapter;
  readonly #optimizer: tf.AdamOptimizer;

  constructor(llama: StockLlama, variables: tf.Variable[], of: { layout: Layout; learningRate: number }) {
    this.#llama = llama;
    this.#variables = variables;
    this.#adapter = adapterOf(of.layout, variables);
    this.#optimizer = tf.train.adam(of.learningRate, 0.9, 0.999, 1e-8);
  }

  step(batch: TokenBatch): Promise<number> {
    return inStock(async () => {
      const loss = this.#optimizer.minimize(() => this.#llama.loss(this.#adapter, batch), true, this.#variables);
      const [value] = (await loss?.data()) ?? [];
      loss?.dispose();
      return value as number;
    });
  }

  dispose(): void {
    this.#optimizer.dispose();
    tf.dispose(this.#variables);
  }
}

/** One for each of the layout's matrices, in its order; the caller disposes them. @param theta [N] */
function variablesOf(layout: Layout, theta: Float32Array): tf.Variable[] {
  return layout.tensors.map(({ offset, size, rows, columns }) =>
    tf.tidy(() => tf.variable(tf.tensor2d(theta.subarray(offset, offset + size), [rows, columns]))),
  );
}

/** @param variables A and B of each module, in the layout's order */
function adapterOf(layout: Layout, variables: readonly tf.Variable[]): StockAdapter {
  const pairs = new Map<string, { a: tf.Tensor; b: tf.Tensor }>();
  for (let i = 0; i < variables.length; i += 2) {
    const [a, b] = variables.slice(i, i + 2) as [tf.Variable, tf.Variable];
    pairs.set(layout.tensors[i]?.module as string, { a, b });
  }
  return { scale: layout.alpha / layout.rank, pairs };
}
