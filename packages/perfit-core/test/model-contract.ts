import { type Layout, PROJECTIONS, seededRandom } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { AdapterTensors } from '../src/model/adapter-tensors.ts';
import type { LanguageModel } from '../src/model/language-model.ts';
import { type LoadModelOptions, loadModel } from '../src/model/load-model.ts';
import type { TokenBatch } from '../src/text/token-batch.ts';
import { NaiveLlama } from './naive-llama.ts';
import { type TinyModel, type TinyOptions, tinyModel, tinySource } from './tiny-models.ts';

/** One of every kind of model that is followed. */
export const MODEL_KINDS: readonly [string, TinyOptions][] = [
  ['Llama, untied', { seed: 1 }],
  ['Llama, tied', { seed: 2, head: 'tied' }],
  ['Llama, tied and stored as lm_head.weight only', { seed: 3, head: 'tied-as-head' }],
  [
    'Llama with biases, llama3 frequencies and one key head',
    {
      seed: 4,
      config: {
        attention_bias: true,
        mlp_bias: true,
        num_key_value_heads: 1,
        rope_scaling: {
          rope_type: 'llama3',
          factor: 8,
          low_freq_factor: 1,
          high_freq_factor: 4,
          original_max_position_embeddings: 32,
        },
      },
    },
  ],
  [
    'Mistral with a head for every query',
    { seed: 5, config: { model_type: 'mistral', num_key_value_heads: 4, sliding_window: null } },
  ],
  [
    'Qwen2 with its biases',
    {
      seed: 6,
      config: { model_type: 'qwen2', rope_theta: 1e6, use_sliding_window: false, sliding_window: 32 },
      head: 'tied',
    },
  ],
  ['Qwen3 with q/k norm and a head_dim of its own', { seed: 7, config: { model_type: 'qwen3', head_dim: 6 } }],
];

const tokens: TokenBatch = {
  inputIds: Int32Array.from([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7]),
  labels: Int32Array.from([-100, -100, 1, 5, 9, 2, 6, -100, 5, 8, -100, 7, 9, -100]),
  rows: 2,
  length: 7,
  tokens: 14,
};

/** What every {@link LanguageModel} must do, whatever it computes with; the caller has started the backend. */
export function modelContract(kinds: readonly [string, TinyOptions][], options: LoadModelOptions): void {
  describe.each(kinds)('%s', (_, tinyOptions) => {
    const tiny = tinyModel(tinyOptions);
    let model: LanguageModel;
    afterEach(() => model.dispose());

    it('computes the logits of the naive forward pass', async () => {
      model = await loadModel(tinySource(tiny), options);
      const ours = await values(model.sequenceLogits(null, tokens));
      expect(furthest(ours, naiveLogits(tiny))).toBeLessThan(1e-4);
    });

    it('[PF1] adds (α/R)·(xAᵀ)Bᵀ at every projection', async () => {
      model = await loadModel(tinySource(tiny), options);
      const { layout, theta } = randomAdapter(model);
      const adapter = AdapterTensors.fromTheta(layout, theta);
      const ours = await values(model.sequenceLogits(adapter, tokens));
      adapter.dispose();
      expect(furthest(ours, naiveLogits(tiny, { layout, theta }))).toBeLessThan(1e-4);
    });

    it('gives the gradient that finite differences of the naive loss give', async () => {
      model = await loadModel(tinySource(tiny), options);
      const { layout, theta } = randomAdapter(model);
      const onDevice = tf.tensor1d(theta);
      const { loss, gradient } = model.lossAndGradient(layout, onDevice, tokens);
      onDevice.dispose();
      const lossAt = (at: ArrayLike<number>) => new NaiveLlama(tiny, { layout, theta: at }).loss(rowsOf(tokens));
      expect((await values(loss))[0]).toBeCloseTo(lossAt(theta), 4);
      const ours = await values(gradient);
      // One coordinate of every matrix: all seven projections, A and B, of both layers.
      for (const { offset, size, module, matrix } of layout.tensors) {
        const p = offset + Math.floor(size / 2);
        const h = 1e-4;
        const moved = (by: number) => Float64Array.from(theta, (value, i) => (i === p ? value + by : value));
        const expected = (lossAt(moved(h)) - lossAt(moved(-h))) / (2 * h);
        expect(Math.abs((ours[p] as number) - expected), `${module}.${matrix}`).toBeLessThan(
          2e-5 + 1e-3 * Math.abs(expected),
        );
      }
    });

    it('[PF8] tells the loss of each label by itself, whose mean is the loss of the batch, and whether it is the likeliest', async () => {
      model = await loadModel(tinySource(tiny), options);
      const { layout, theta } = randomAdapter(model);
      const adapter = AdapterTensors.fromTheta(layout, theta);
      const outcomes = model.labelOutcomes(adapter, tokens);
      const [losses, hits] = [await values(outcomes.losses), await values(outcomes.hits)];
      const expected = rowsOf(tokens).flatMap(({ ids, labels }) => {
        const logits = new NaiveLlama(tiny, { layout, theta }).logits(ids);
        return labels.flatMap((label, t) => (label === -100 ? [] : [{ logits: logits[t] as number[], label }]));
      });
      const surprises = expected.map(({ logits, label }) => surprise(logits, label));
      expect(furthest(losses, surprises)).toBeLessThan(1e-4);
      expect([...hits]).toEqual(expected.map(({ logits, label }) => (logits[label] === Math.max(...logits) ? 1 : 0)));
      // The same sequences, each label the one that the naive model thinks likeliest, and then another one.
      for (const [by, hit] of [
        [0, 1],
        [1, 0],
      ] as const) {
        const labels = tokens.labels.slice();
        const at = [...labels.keys()].filter((t) => labels[t] !== -100);
        at.forEach((t, i) => {
          const { logits } = expected[i] as { logits: number[] };
          labels[t] = (logits.indexOf(Math.max(...logits)) + by) % logits.length;
        });
        const moved = model.labelOutcomes(adapter, { ...tokens, labels });
        moved.losses.dispose();
        expect([...(await values(moved.hits))]).toEqual(at.map(() => hit));
      }
      const [loss] = await values(model.loss(adapter, tokens));
      adapter.dispose();
      expect(losses.reduce((sum, value) => sum + value, 0) / losses.length).toBeCloseTo(loss as number, 5);
    });

    it('continues from its cache as from the whole text', async () => {
      model = await loadModel(tinySource(tiny), options);
      const { layout, theta } = randomAdapter(model);
      const adapter = AdapterTensors.fromTheta(layout, theta);
      const cache = model.createCache(24);
      const text = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8];
      const naive = new NaiveLlama(tiny, { layout, theta }).logits(text);
      // A prompt, two single tokens, then several at once.
      for (const [from, to] of [
        [0, 5],
        [5, 6],
        [6, 7],
        [7, 12],
      ] as const) {
        const cached = await values(model.nextLogits(adapter, text.slice(from, to), cache));
        expect(furthest(cached, naive[to - 1] as number[]), `after ${to} tokens`).toBeLessThan(1e-4);
      }
      // Shorter by some, a few others, room for more, and the same again.
      cache.truncate(4);
      await values(model.nextLogits(adapter, [7, 7, 7], cache));
      cache.truncate(3);
      cache.grow(40);
      expect([cache.length, cache.capacity]).toEqual([3, 40]);
      const anew = await values(model.nextLogits(adapter, text.slice(3), cache));
      expect(furthest(anew, naive[text.length - 1] as number[])).toBeLessThan(1e-4);
      expect(() => cache.truncate(13)).toThrow(RangeError);
      expect(() => cache.grow(24)).toThrow(RangeError);
      const whole = await values(model.nextLogits(adapter, text));
      expect(furthest(whole, naive[text.length - 1] as number[])).toBeLessThan(1e-4);
      expect(() => model.nextLogits(adapter, Array(29).fill(1), cache)).toThrow(RangeError);
      cache.dispose();
      adapter.dispose();
    });
  });

  describe('ownership of tensors', () => {
    it('leaves as many tensors as there were: loss, gradient, logits, cache, model', async () => {
      const before = tf.memory().numTensors;
      const model = await loadModel(
        tinySource(tinyModel({ seed: 8, config: { model_type: 'qwen3', head_dim: 8 } })),
        options,
      );
      const { layout, theta } = randomAdapter(model);
      const use = () => {
        const onDevice = tf.tensor1d(theta);
        const { loss, gradient } = model.lossAndGradient(layout, onDevice, tokens);
        const adapter = AdapterTensors.fromTheta(layout, theta);
        const cache = model.createCache(32);
        const made: tf.Tensor[] = [model.loss(adapter, tokens), model.nextLogits(adapter, [1, 2, 3], cache)];
        const { losses, hits } = model.labelOutcomes(adapter, tokens);
        made.push(losses, hits);
        made.push(model.nextLogits(adapter, [4], cache), model.sequenceLogits(null, tokens));
        cache.truncate(2);
        cache.grow(64);
        tf.dispose([onDevice, loss, gradient, ...made]);
        adapter.dispose();
        cache.dispose();
      };
      use(); // the model makes its tables of this length
      const ready = tf.memory().numTensors;
      use();
      expect(tf.memory().numTensors).toBe(ready);
      model.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
  });
}

function randomAdapter(model: LanguageModel): { layout: Layout; theta: Float32Array } {
  const layout = model.layout({ rank: 3, alpha: 6, targets: PROJECTIONS });
  const random = seededRandom(9);
  return { layout, theta: Float32Array.from({ length: layout.size }, () => 0.4 * (random() - 0.5)) };
}

function naiveLogits(tiny: TinyModel, adapter: { layout: Layout; theta: Float32Array } | null = null): number[] {
  const naive = new NaiveLlama(tiny, adapter);
  return rowsOf(tokens).flatMap(({ ids }) => naive.logits(ids).flat());
}

function rowsOf({ inputIds, labels, rows, length }: TokenBatch) {
  return Array.from({ length: rows }, (_, row) => ({
    ids: Array.from(inputIds.slice(row * length, (row + 1) * length)),
    labels: Array.from(labels.slice(row * length, (row + 1) * length)),
  }));
}

/** −log of the softmax at the label. */
function surprise(logits: readonly number[], label: number): number {
  return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - (logits[label] as number);
}

function furthest(ours: Float32Array, expected: readonly number[]): number {
  expect(ours.length).toBe(expected.length);
  return ours.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] as number))), 0);
}

async function values(tensor: tf.Tensor): Promise<Float32Array> {
  const data = (await tensor.data()) as Float32Array;
  tensor.dispose();
  return data;
}
