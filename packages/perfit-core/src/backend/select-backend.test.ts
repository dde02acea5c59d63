import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { BackendError } from '../backend-error.ts';
import { nodeBackend } from '../node/node-backend.ts';
import { selectBackend } from './select-backend.ts';

const wasmPaths = join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')), '/');

/** A machine's GPU as far as the choice looks at it; it gives no device. */
function gpuWith(info: Partial<GPUAdapterInfo>): GPU {
  const adapter = {
    info: { vendor: 'vendor', architecture: 'architecture', description: '', isFallbackAdapter: false, ...info },
    features: new Set(['shader-f16']),
    limits: {},
    requestDevice: async () => {
      throw new Error('out of memory');
    },
  };
  return { requestAdapter: async () => adapter } as unknown as GPU;
}

beforeAll(async () => {
  await nodeBackend({ prefer: 'wasm' });
});

describe('selectBackend', () => {
  it('takes WASM where there is no WebGPU', async () => {
    const chosen = await selectBackend({ prefer: 'auto', wasmPaths });
    expect(chosen).toMatchObject({ backend: 'wasm', adapter: null, isFallback: false, threads: 1 });
    expect(chosen.reason).toMatch(/no WebGPU/);
    expect(tf.getBackend()).toBe('wasm');
  });

  it('takes WASM where WebGPU has no adapter', async () => {
    const gpu = { requestAdapter: async () => null } as unknown as GPU;
    const chosen = await selectBackend({ prefer: 'auto', wasmPaths, gpu });
    expect(chosen).toMatchObject({ backend: 'wasm', reason: expect.stringMatching(/no adapter/) });
  });

  it.each([
    ['says so', { isFallbackAdapter: true }],
    ['has the name of one', { architecture: 'swiftshader' }],
    ['is described as one', { description: 'llvmpipe (LLVM 19)' }],
  ])('takes WASM where the adapter computes in software: it %s', async (_, info) => {
    const chosen = await selectBackend({ prefer: 'auto', wasmPaths, gpu: gpuWith(info) });
    expect(chosen).toMatchObject({ backend: 'wasm', isFallback: true, adapter: { vendor: 'vendor' } });
    expect(chosen.reason).toMatch(/software/);
  });

  it('takes WASM where the GPU gives no device, and says why', async () => {
    const chosen = await selectBackend({ prefer: 'auto', wasmPaths, gpu: gpuWith({}) });
    expect(chosen).toMatchObject({ backend: 'wasm', reason: expect.stringMatching(/out of memory/) });
  });

  it('says where fewer threads run than were asked for', async () => {
    const chosen = await selectBackend({ prefer: 'wasm', wasmPaths, threads: 4 });
    const reason =
      'WASM was asked for. It runs 1 of the 4 threads asked for: there is nothing here to start them with.';
    expect(chosen).toMatchObject({ threads: 1, reason });
  });

  it('does not fall back where WebGPU was asked for', async () => {
    const missing = await selectBackend({ prefer: 'webgpu', wasmPaths }).catch((thrown: unknown) => thrown);
    expect(missing).toBeInstanceOf(BackendError);
    expect(missing).toMatchObject({ code: 'device-no-webgpu' });
    const failing = selectBackend({ prefer: 'webgpu', wasmPaths, gpu: gpuWith({}) });
    await expect(failing).rejects.toMatchObject({
      code: 'device-no-webgpu',
      message: expect.stringMatching(/out of memory/),
    });
  });
});

describe('the WASM backend', () => {
  it('shares the memory of clones, which stays as long as one of them lives', () => {
    const before = tf.memory().numTensors;
    const first = tf.tensor1d([1, 2, 3]);
    const second = tf.clone(first);
    first.dispose();
    const third = tf.tensor1d([4, 5, 6]);
    expect(Array.from(second.dataSync())).toEqual([1, 2, 3]);
    tf.dispose([second, third]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
