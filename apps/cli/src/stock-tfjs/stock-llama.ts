import { inverseFrequencies, type ModelConfig, type NamedWeight, type TokenBatch } from '@perfit/core';
import * as tf from '@tensorflow/tfjs';

// A Llama as somebody writes it who knows TensorFlow.js and has nothing of ours: stock ops and their own gradients.
//
// B batch, T time, D model width, H heads, K key heads, d head width, F feed-forward width, V vocabulary, R rank;
// M = B·T rows, G = H/K query heads a key head.

/** LoRA's pairs, by module (`layers.0.q_proj`): A [R, in] and B [out, R]. */
export interface StockAdapter {
  /** α/R */
  readonly scale: number;
  readonly pairs: ReadonlyMap<string, { readonly a: tf.Tensor; readonly b: tf.Tensor }>;
}

/** Rotary angles and the causal mask of one length. */
interface Tables {
  /** [T, 1, d] */
  readonly cos: tf.Tensor;
  /** [T, 1, d] */
  readonly sin: tf.Tensor;
  /** [G·T, T]; 0 where a query may look, else -1e9 */
  readonly mask: tf.Tensor;
}

/**
 * The frozen model on the current backend. It owns its weights and the tables of every length that it has met until
 * {@link StockLlama.dispose}.
 */
export class StockLlama {
  readonly #config: ModelConfig;
  readonly #weights = new Map<string, tf.Tensor>();
  readonly #tables = new Map<number, Tables>();

  /** @param weights by their names in the model's files */
  constructor(config: ModelConfig, weights: ReadonlyMap<string, NamedWeight>) {
    this.#config = config;
    for (const [name, { values, shape }] of weights) this.#weights.set(name, tf.tensor(values, [...shape]));
  }

  /** The mean negative log-likelihood of a batch's labels, in nats. @returns a scalar; the caller disposes it */
  loss(adapter: StockAdapter, batch: TokenBatch): tf.Scalar {
    return tf.tidy(() => {
      const logits = this.#logits(adapter, batch); // [M, V]
      const targets = batch.labels.map((label) => Math.max(0, label));
      // Not made as float32 at once: on WASM that writes the bits of integers (tfjs 4.22).
      const labels = tf.cast(tf.oneHot(targets, this.#config.vocabSize), 'float32'); // [M, V]
      const counts = tf.tensor1d(Float32Array.from(batch.labels, (label) => (label < 0 ? 0 : 1))); // [M]
      // By default it is the mean over what has a weight.
      return tf.losses.softmaxCrossEntropy(labels, logits, counts) as tf.Scalar;
    });
  }

  /** @returns [M, V]; the caller disposes it */
  #logits(adapter: StockAdapter, { inputIds, rows, length }: TokenBatch): tf.Tensor {
    const { layers, tiedHead } = this.#config;
    return tf.tidy(() => {
      const embedding = this.#weights.get('model.embed_tokens.weight') ?? this.#weight('lm_head.weight'); // [V, D]
      let x = tf.gather(embedding, tf.tensor1d(inputIds, 'int32')); // [M, D]
      for (let layer = 0; layer < layers; layer++) x = this.#block(layer, x, { adapter, rows, length });
      const head = tiedHead ? embedding : this.#weight('lm_head.weight'); // [V, D]
      return tf.matMul(this.#norm('model.norm', x), head, false, true);
    });
  }

  /** @param x [M, D]   @returns [M, D] */
  #block(layer: number, x: tf.Tensor, at: Pass): tf.Tensor {
    const name = `model.layers.${layer}`;
    const attended = this.#attention(layer, this.#norm(`${name}.input_layernorm`, x), at); // [M, H·d]
    const mixed = tf.add(x, this.#linear(layer, 'self_attn.o_proj', attended, at)); // [M, D]

    const normal = this.#norm(`${name}.post_attention_layernorm`, mixed);
    const gate = this.#linear(layer, 'mlp.gate_proj', normal, at); // [M, F]
    const up = this.#linear(layer, 'mlp.up_proj', normal, at); // [M, F]
    const active = tf.mul(tf.mul(gate, tf.sigmoid(gate)), up);
    return tf.add(mixed, this.#linear(layer, 'mlp.down_proj', active, at));
  }

  /** Causal attention; the G query heads of a key head stand under each other. @param x [M, D]   @returns [M, H·d] */
  #attention(layer: number, x: tf.Tensor, at: Pass): tf.Tensor {
    const { rows, length } = at;
    const { heads, keyHeads, headWidth, queryKeyNorm } = this.#config;
    const { cos, sin, mask } = this.#tablesOf(length);
    const headsOf = (projection: string, count: number) =>
      tf.reshape(this.#linear(layer, `self_attn.${projection}`, x, at), [rows, length, count, headWidth]);
    const turned = (name: 'q' | 'k', count: number) => {
      const all = headsOf(`${name}_proj`, count); // [B, T, H or K, d]
      const normal = queryKeyNorm ? this.#norm(`model.layers.${layer}.self_attn.${name}_norm`, all) : all;
      const [first, second] = tf.split(normal, 2, -1) as [tf.Tensor, tf.Tensor];
      return tf.add(tf.mul(normal, cos), tf.mul(tf.concat([tf.neg(second), first], -1), sin));
    };
    const perHead = (all: tf.Tensor) => tf.transpose(all, [0, 2, 1, 3]); // [B, H or K, T, d]

    const group = heads / keyHeads;
    const q = tf.reshape(perHead(turned('q', heads)), [rows, keyHeads, group * length, headWidth]); // [B, K, G·T, d]
    const k = perHead(turned('k', keyHeads)); // [B, K, T, d]
    const v = perHead(headsOf('v_proj', keyHeads)); // [B, K, T, d]
    const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(headWidth)); // [B, K, G·T, T]
    const out = tf.matMul(tf.softmax(tf.add(scores, mask)), v); // [B, K, G·T, d]
    const byPosition = perHead(tf.reshape(out, [rows, heads, length, headWidth])); // [B, T, H, d]
    return tf.reshape(byPosition, [rows * length, heads * headWidth]);
  }

  /** y = xWᵀ + bias + α/R · (xAᵀ)Bᵀ. @param x [M, in]   @returns [M, out] */
  #linear(layer: number, name: string, x: tf.Tensor, { adapter }: Pass): tf.Tensor {
    const full = `model.layers.${layer}.${name}`;
    let y = tf.matMul(x, this.#weight(`${full}.weight`), false, true);
    const bias = this.#weights.get(`${full}.bias`);
    if (bias) y = tf.add(y, bias);
    const pair = adapter.pairs.get(`layers.${layer}.${name.split('.')[1]}`);
    if (!pair) return y;
    const low = tf.matMul(x, pair.a, false, true); // [M, R]
    return tf.add(y, tf.mul(tf.matMul(low, pair.b, false, true), adapter.scale));
  }

  /** Root-mean-square normalization over the last axis. */
  #norm(name: string, x: tf.Tensor): tf.Tensor {
    const meanSquare = tf.mean(tf.square(x), -1, true);
    const scale = tf.rsqrt(tf.add(meanSquare, this.#config.normEpsilon));
    return tf.mul(tf.mul(x, scale), this.#weight(`${name}.weight`));
  }

  #weight(name: string): tf.Tensor {
    const weight = this.#weights.get(name);
    if (!weight) throw new RangeError(`the model has no tensor ${name}`);
    return weight;
  }

  #tablesOf(length: number): Tables {
    let tables = this.#tables.get(length);
    if (!tables) {
      tables = makeTables(this.#config, length);
      this.#tables.set(length, tables);
    }
    return tables;
  }

  dispose(): void {
    tf.dispose([...this.#weights.values()]);
    for (const { cos, sin, mask } of this.#tables.values()) tf.dispose([cos, sin, mask]);
    this.#tables.clear();
  }
}

interface Pass {
  readonly adapter: StockAdapter;
  /** B */
  readonly rows: number;
  /** T */
  readonly length: number;
}

/** On the host: a GPU's cosine of a large angle is not exact. */
function makeTables(config: ModelConfig, length: number): Tables {
  const { headWidth, heads, keyHeads } = config;
  const frequencies = inverseFrequencies(config); // [d/2]
  const tableOf = (value: (angle: number) => number) => {
    const at = (i: number) => Math.floor(i / headWidth) * (frequencies[i % frequencies.length] as number);
    return tf.tensor(
      Float32Array.from({ length: length * headWidth }, (_, i) => value(at(i))),
      [length, 1, headWidth],
    );
  };
  const queries = (heads / keyHeads) * length; // G·T
  const mask = Float32Array.from({ length: queries * length }, (_, i) =>
    i % length <= Math.floor(i / length) % length ? 0 : -1e9,
  );
  return {
    cos: tf.keep(tableOf(Math.cos)),
    sin: tf.keep(tableOf(Math.sin)),
    mask: tf.keep(tf.tensor(mask, [queries, length])),
  };
}
