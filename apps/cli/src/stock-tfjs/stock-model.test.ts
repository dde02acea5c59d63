import { compareModels, loadModel, type OtherModel, type RoundedPrecision, type TokenBatch } from '@perfit/core';
import { nodeBackend } from '@perfit/core/node';
import { type Layout, type LoraSpace, PROJECTIONS, seededRandom } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MODEL_KINDS } from '../../../../packages/perfit-core/test/model-contract.ts';
import { type TinyOptions, tinyModel, tinySource } from '../../../../packages/perfit-core/test/tiny-models.ts';
import { openStock } from './stock-model.ts';

const batch: TokenBatch = {
  inputIds: Int32Array.from([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7]),
  labels: Int32Array.from([-100, -100, 1, 5, 9, 2, 6, -100, 5, 8, -100, 7, 9, -100]),
  rows: 2,
  length: 7,
  tokens: 14,
};
const learningRate = 1e-2;

beforeAll(async () => {
  await nodeBackend({ prefer: 'wasm' });
});

let stock: OtherModel;
afterEach(() => stock.dispose());

const kinds: [string, TinyOptions, RoundedPrecision][] = MODEL_KINDS.map(([name, options]) => [name, options, 'f32']);
kinds.push(['Llama with its matrices rounded', { seed: 1 }, 'int8']);

describe('a model in stock TensorFlow.js', () => {
  it.each(kinds)('has the loss and the gradient of ours: %s', async (_, options, precision) => {
    const source = tinySource(tinyModel(options));
    stock = await openStock(source, precision);
    const ours = await loadModel(source, { programs: 'composed', precision });
    const { layout, theta } = adapterOf(ours.layout.bind(ours));
    const onDevice = tf.tensor1d(theta);
    const computed = ours.lossAndGradient(layout, onDevice, batch);
    const [[loss], gradient] = await Promise.all([computed.loss.data(), computed.gradient.data<'float32'>()]);
    ours.dispose();
    const theirs = await stock.lossAndGradient(layout, theta, batch);
    expect(Math.abs(theirs.loss / (loss as number) - 1)).toBeLessThan(1e-4);
    expect(distance(theirs.gradient, gradient) / distance(gradient)).toBeLessThan(1e-4);
    tf.dispose([onDevice, computed.loss, computed.gradient]);
  });
});

describe('compareModels', () => {
  it.each([
    { seed: 1, isSame: true },
    { seed: 2, isSame: false },
  ])('tells whether both have the same weights: $isSame', async ({ seed, isSame }) => {
    stock = await openStock(tinySource(tinyModel({ seed })), 'f32');
    const ours = await loadModel(tinySource(tinyModel({ seed: 1 })), { programs: 'composed' });
    const checks: [string, boolean][] = [];
    for await (const { name, passed } of compareModels(ours, stock, [batch])) checks.push([name, passed]);
    ours.dispose();
    expect(checks).toEqual([
      ['stock tfjs: loss of batch 0', isSame],
      ['stock tfjs: gradient of batch 0', isSame],
    ]);
  });
});

describe('tuning in stock TensorFlow.js', () => {
  it('makes the steps of Adam', async () => {
    const source = tinySource(tinyModel({ seed: 3 }));
    stock = await openStock(source, 'f32');
    const ours = await loadModel(source, { programs: 'composed' });
    const { layout, theta } = adapterOf(ours.layout.bind(ours));
    ours.dispose();
    const tuning = await stock.tuning(layout, theta, learningRate);
    const at = theta.slice();
    const [first, second] = [new Float64Array(at.length), new Float64Array(at.length)];
    for (let step = 1; step <= 3; step++) {
      const { loss, gradient } = await stock.lossAndGradient(layout, at, batch);
      expect(Math.abs((await tuning.step(batch)) / loss - 1)).toBeLessThan(1e-5);
      gradient.forEach((g, p) => {
        first[p] = 0.9 * (first[p] as number) + 0.1 * g;
        second[p] = 0.999 * (second[p] as number) + 0.001 * g * g;
        const spread = Math.sqrt((second[p] as number) / (1 - 0.999 ** step));
        at[p] = (at[p] as number) - (learningRate * (first[p] as number)) / (1 - 0.9 ** step) / (spread + 1e-8);
      });
    }
    tuning.dispose();
  });

  it('leaves as many tensors as there were', async () => {
    const before = tf.memory().numTensors;
    const source = tinySource(tinyModel({ seed: 8, config: { model_type: 'qwen3', head_dim: 8 } }));
    stock = await openStock(source, 'f32');
    const ours = await loadModel(source, { programs: 'composed' });
    const { layout, theta } = adapterOf(ours.layout.bind(ours));
    ours.dispose();
    await stock.lossAndGradient(layout, theta, batch); // it makes its tables of this length
    const ready = tf.memory().numTensors;
    await stock.lossAndGradient(layout, theta, batch);
    const tuning = await stock.tuning(layout, theta, learningRate);
    await tuning.step(batch);
    await tuning.step(batch);
    tuning.dispose();
    expect(tf.memory().numTensors).toBe(ready);
    stock.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

/** One that changes what the model says. */
function adapterOf(makeLayout: (space: LoraSpace) => Layout): { layout: Layout; theta: Float32Array } {
  const layout = makeLayout({ rank: 3, alpha: 6, targets: PROJECTIONS });
  const random = seededRandom(9);
  return { layout, theta: Float32Array.from({ length: layout.size }, () => 0.4 * (random() - 0.5)) };
}

function distance(a: Float32Array, b?: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, p) => sum + (value - (b?.[p] ?? 0)) ** 2, 0));
}
