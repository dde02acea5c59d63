import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { memorySource, safetensorsBytes, tinyModel, tinySource } from '../../test/tiny-models.ts';
import { nodeBackend } from '../node/node-backend.ts';
import { WeightsError } from '../weights/weights-error.ts';
import { loadModel } from './load-model.ts';

const tiny = tinyModel({ seed: 1 });
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

  it('stops with the reason of its signal and frees what it had loaded', async () => {
    const before = tf.memory().numTensors;
    const controller = new AbortController();
    const reason = new Error('enough');
    const onProgress = () => controller.abort(reason);
    await expect(loadModel(tinySource(tiny), { onProgress, signal: controller.signal })).rejects.toBe(reason);
    expect(tf.memory().numTensors).toBe(before);
  });
});
