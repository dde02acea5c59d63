import * as tf from '@tensorflow/tfjs-core';
import { BackendError } from './backend-error.ts';
import type { WasmBackend } from './wasm-heap.ts';
import { makeCurrent } from './webgpu-device.ts';

/** Where the three .wasm files of @tensorflow/tfjs-backend-wasm are: their folder, or a URL for each file name. */
export type WasmPaths = string | Record<string, string>;

/**
 * Starts the WASM backend: SIMD where the engine has it; several threads where the page is cross-origin isolated and
 * more than one is asked for.
 * @returns how many threads it runs   @throws BackendError
 */
export async function startWasm(paths: WasmPaths, threads: number): Promise<number> {
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  if (tf.findBackend('wasm') === null) {
    wasm.setWasmPaths(paths);
    if (threads > 1) wasm.setThreadsCount(threads);
    else tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  }
  try {
    await makeCurrent('wasm');
  } catch (cause) {
    throw new BackendError('wasm-failed', `the WASM backend did not start: ${String(cause)}`, { cause });
  }
  shareClones();
  return tf.env().getBool('WASM_HAS_MULTITHREAD_SUPPORT') ? wasm.getThreadsCount() : 1;
}

/**
 * tfjs' clone copies on WASM, and its tape clones everything that a gradient saves. Tensors never change, so a clone
 * can share the memory, as on tfjs' other backends.
 */
function shareClones(): void {
  tf.unregisterKernel(tf.Identity, 'wasm');
  tf.registerKernel({
    kernelName: tf.Identity,
    backendName: 'wasm',
    kernelFunc: ({ inputs, backend }) => {
      const { dataId, shape, dtype } = inputs.x as tf.TensorInfo;
      (backend as unknown as WasmBackend).incRef(dataId);
      return { dataId, shape, dtype };
    },
  });
}
