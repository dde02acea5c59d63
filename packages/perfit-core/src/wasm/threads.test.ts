import { initialTheta, PROJECTIONS } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { MODEL_SHAPES } from '../catalogue/model-shapes.ts';
import { loadModel } from '../model/load-model.ts';
import { syntheticSource } from '../model/synthetic-source.ts';
import { nodeBackend } from '../node/node-backend.ts';
import { MaskedAdamW } from '../training/adamw.ts';
import { startPrograms } from './programs.ts';
import { WasmRunner } from './runner.ts';
import { ThreadPool } from './threads.ts';
import type { WasmBackend } from './wasm-heap.ts';

/** Wide enough that its products are cut, also into three. */
const shape = { ...MODEL_SHAPES['smollm2-135m'], num_hidden_layers: 2, vocab_size: 512 };

/** Loss, gradient and next logits of a synthetic model, on so many threads. */
async function computedOn(threads: number) {
  const { threads: running, reason } = await nodeBackend({ prefer: 'wasm', threads });
  expect(running, reason).toBe(threads);
  const model = await loadModel(syntheticSource(shape), { precision: 'int8' });
  const layout = model.layout({ rank: 8, alpha: 16, targets: PROJECTIONS });
  const ids = Int32Array.from({ length: 3 * 50 }, (_, i) => (i * 37) % 512);
  const batch = { inputIds: ids, labels: ids, rows: 3, length: 50, tokens: 150 };
  const start = initialTheta(layout, 1).map((value, p) => value || ((p % 5) - 2) / 100);
  const theta = tf.tensor1d(MaskedAdamW.start(start).theta);
  const { loss, gradient } = model.lossAndGradient(layout, theta, batch);
  const cache = model.createCache(32);
  const prompt = model.nextLogits(null, [1, 2, 3, 4, 5], cache);
  const next = model.nextLogits(null, [6], cache);
  const tensors = [loss, gradient, prompt, next];
  const values = await Promise.all(tensors.map((tensor) => tensor.data()));
  tf.dispose([...tensors, theta]);
  cache.dispose();
  model.dispose();
  expect(tf.memory().numTensors).toBe(0);
  return values;
}

it('gives the same bits on one thread, on two and on three', async () => {
  const one = await computedOn(1);
  expect(one[1]?.some((value) => value !== 0)).toBe(true);
  for (const threads of [2, 3]) expect(await computedOn(threads)).toEqual(one);
}, 120_000);

it('does not wait for a thread that does not get to work', async () => {
  await nodeBackend({ prefer: 'wasm', threads: 1 });
  const { memory } = (tf.backend() as unknown as WasmBackend).wasm.asm as { memory: WebAssembly.Memory };
  const { programs, module } = await startPrograms(memory);
  const absent = { postMessage: () => {}, ready: Promise.resolve(), terminate: () => {} };
  const pool = await ThreadPool.start({ programs, module, memory }, 3, () => absent);
  const tensor = tf.tensor1d([1, 2, 3, 4]);
  const at = WasmRunner.current().address(tensor);
  for (let i = 0; i < 3; i++) {
    pool.run([0, 1, 2].map((part) => ['beginRows', 1, 1, 0, 0, at + 4 * part] as const));
  }
  expect(Array.from(await tensor.data())).toEqual([0, 0, 0, 4]);
  tensor.dispose();
});

/** Only the calling thread lets memory grow; the others have no view of it that could be too short. */
it('computes beyond where memory ended when its threads came up', async () => {
  await nodeBackend({ prefer: 'wasm', threads: 3 });
  const runner = WasmRunner.current();
  const bytes = () => (tf.backend() as unknown as WasmBackend).wasm.asm?.memory?.buffer.byteLength as number;
  const before = bytes();
  const large = runner.empty<tf.Tensor1D>([before / 4 + 1024]);
  expect(bytes()).toBeGreaterThan(before);
  const last = runner.address(large) + 4 * (large.size - 4);
  expect(last).toBeGreaterThan(before);
  const one = tf.tensor1d([1, 2, 3, 4]);
  const from = runner.address(one);
  runner.run([
    ['copyRows', 1, 8, from, 8, runner.address(large), 8],
    ['copyRows', 1, 16, from, 16, last, 16],
  ]);
  const values = await large.data();
  expect([...values.slice(0, 2), ...values.slice(-4)]).toEqual([1, 2, 1, 2, 3, 4]);
  tf.dispose([large, one]);
});

it('tells where another thread fails, and goes on with the next', async () => {
  await nodeBackend({ prefer: 'wasm', threads: 2 });
  const runner = WasmRunner.current();
  const memory = (tf.backend() as unknown as WasmBackend).wasm.asm?.memory as WebAssembly.Memory;
  const behind = memory.buffer.byteLength + 65_536;
  const tensor = tf.tensor1d([1, 2, 3, 4]);
  const at = runner.address(tensor);
  expect(() =>
    runner.run([
      // Long enough for the other one to begin.
      ['multiplyAdds', 1e8],
      ['beginRows', 1, 2, 0, 0, behind],
    ]),
  ).toThrow(/another thread/);
  runner.run([
    ['beginRows', 1, 1, 0, 0, at],
    ['beginRows', 1, 1, 0, 0, at + 12],
  ]);
  expect(Array.from(await tensor.data())).toEqual([0, 2, 3, 0]);
  tensor.dispose();
});
