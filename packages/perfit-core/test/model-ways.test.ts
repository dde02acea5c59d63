import { initialTheta, PROJECTIONS } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MODEL_SHAPES } from '../src/catalogue/model-shapes.ts';
import { loadModel } from '../src/model/load-model.ts';
import { syntheticSource } from '../src/model/synthetic-source.ts';
import type { SimdWay } from '../src/wasm/programs.ts';
import { WasmRunner } from '../src/wasm/runner.ts';
import { startWasm } from './backend.ts';

beforeAll(startWasm);
afterAll(() => WasmRunner.start());

const shape = { ...MODEL_SHAPES.nano, num_hidden_layers: 2, vocab_size: 512 };

/** Loss, gradient and next words' logits in one way, whatever the engine would choose; of tfjs' ops where there is none. */
async function computed(way: SimdWay | null) {
  if (way) await WasmRunner.start(null, way);
  const model = await loadModel(
    syntheticSource(shape),
    way ? { precision: 'int4' } : { programs: 'composed', precision: 'int4' },
  );
  const layout = model.layout({ rank: 4, alpha: 8, targets: PROJECTIONS });
  const theta = tf.tensor1d(initialTheta(layout, 1).map((value, p) => value || ((p % 5) - 2) / 100));
  const ids = Int32Array.from({ length: 3 * 21 }, (_, i) => (i * 37) % 512);
  const { loss, gradient } = model.lossAndGradient(layout, theta, {
    inputIds: ids,
    labels: ids,
    rows: 3,
    length: 21,
    tokens: 63,
  });
  const cache = model.createCache(16);
  model.nextLogits(null, [1, 2, 3], cache).dispose();
  const logits = model.nextLogits(null, [4], cache);
  const [[lossValue], gradientValues, logitValues] = (await Promise.all(
    [loss, gradient, logits].map((tensor) => tensor.data<'float32'>()),
  )) as [Float32Array, Float32Array, Float32Array];
  tf.dispose([theta, loss, gradient, logits]);
  cache.dispose();
  model.dispose();
  return { loss: lossValue as number, gradient: gradientValues, logits: logitValues };
}

it('computes a model with either kind of instructions as tfjs does', async () => {
  const wanted = await computed(null);
  const norm = (values: Float32Array) => Math.hypot(...values);
  const apart = (a: Float32Array, b: Float32Array) => norm(a.map((value, i) => value - (b[i] as number))) / norm(b);
  for (const way of ['plain', 'relaxed'] as const) {
    const found = await computed(way);
    expect(found.loss, way).toBeCloseTo(wanted.loss, 5);
    expect(apart(found.gradient, wanted.gradient), way).toBeLessThan(1e-4);
    // The last word is computed with activations in sixteen bits.
    expect(apart(found.logits, wanted.logits), way).toBeLessThan(1e-3);
  }
});
