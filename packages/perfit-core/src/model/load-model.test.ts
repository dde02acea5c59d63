import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { NaiveLlama } from '../../test/naive-llama.ts';
import { memorySource, safetensorsBytes, tinyModel, tinySource } from '../../test/tiny-models.ts';
import { nodeBackend } from '../node/node-backend.ts';
import type { ModelSource } from '../weights/source.ts';
import { WeightsError } from '../weights/weights-error.ts';
import { loadModel } from './load-model.ts';

const tiny = tinyModel({ seed: 1 });
const slabBytes = 4 << 20;
const config = JSON.stringify(tiny.config);

beforeAll(async () => {
  await nodeBackend({ prefer: 'wasm' });
});

describe('loadModel', () => {
  it('reports its progress in bytes up to the whole', async () => {
    const seen: [number, number][] = [];
    const model = await loadModel(tinySource(tiny), { onProgress: (...bytes) => seen.push(bytes) });
    model.dispose();
    const total = Object.values(tiny.tensors).reduce((sum, { values }) => sum + values.byteLength, 0);
    expect(seen.at(-1)).toEqual([total, total]);
    expect(seen.every(([bytes], i) => i === 0 || bytes > (seen[i - 1]?.[0] as number))).toBe(true);
  });

  it('names a tensor that is missing or has another shape, and frees what it had loaded', async () => {
    const before = tf.memory().numTensors;
    const name = 'model.layers.1.mlp.up_proj.weight';
    const { [name]: removed, ...rest } = tiny.tensors;
    const without = memorySource({ 'config.json': config, 'model.safetensors': safetensorsBytes(rest) });
    await expect(loadModel(without)).rejects.toMatchObject({
      code: 'weights-missing-tensor',
      message: expect.stringContaining(name),
    });
    const reshaped = { ...tiny.tensors, [name]: { shape: [16, 24], values: removed?.values as Float32Array } };
    const turned = memorySource({ 'config.json': config, 'model.safetensors': safetensorsBytes(reshaped) });
    const error = await loadModel(turned).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WeightsError);
    expect(error).toMatchObject({
      code: 'weights-wrong-shape',
      message: expect.stringMatching(`${name} is \\[16, 24\\].*\\[24, 16\\]`),
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('reads a large matrix in slabs, and multiplies by all of it', async () => {
    const wide = tinyModel({ seed: 2, config: { vocab_size: 70_000 } });
    const source = tinySource(wide);
    let most = 0;
    const range: ModelSource['range'] = (name, start, end) => {
      most = Math.max(most, end - start);
      return source.range(name, start, end);
    };
    const model = await loadModel({ ...source, range });
    expect(wide.tensors['model.embed_tokens.weight']?.values.byteLength).toBeGreaterThan(slabBytes);
    expect(most).toBeLessThanOrEqual(slabBytes);
    // A token of the second slab, and logits of every one.
    const expected = new NaiveLlama(wide).logits([69_999]).at(-1) as number[];
    const logits = model.nextLogits(null, [69_999]);
    const found = await logits.data();
    const error = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (found[i] as number))), 0);
    expect(error).toBeLessThan(1e-4);
    logits.dispose();
    model.dispose();
  });

  it('stops with the reason of its signal and frees what it had loaded', async () => {
    const before = tf.memory().numTensors;
    const controller = new AbortController();
    const reason = new Error('enough');
    const onProgress = () => controller.abort(reason);
    await expect(loadModel(tinySource(tiny), { onProgress, signal: controller.signal })).rejects.toBe(reason);
    expect(tf.memory().numTensors).toBe(before);
  });
});
