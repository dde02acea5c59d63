import * as tf from '@tensorflow/tfjs-core';
import { BackendError } from './backend-error.ts';
import type { WasmBackend } from './wasm-heap.ts';
import { makeCurrent } from './webgpu-device.ts';

/** Where the three .wasm files of @tensorflow/tfjs-backend-wasm are: their folder, or a URL for each file name. */
export type WasmPaths = string | Record<string, string>;

/** Threads that have not come up by then never will: tfjs waits for its workers without an end. */
const threadsPatience = 10_000;

const threadsFlag = 'WASM_HAS_MULTITHREAD_SUPPORT';

/** Asking tfjs whether the backend is there would start it, with whatever settings it has: so this is kept here. */
let started: { readonly threads: number } | null = null;

/**
 * Starts the WASM backend, once: SIMD where the engine has it; several threads where more than one is asked for, the
 * page is cross-origin isolated, and they come up. They need a content policy that allows scripts at blob: addresses,
 * and a bundler that leaves tfjs' thread script as it is; where they fail, one thread is started.
 * @returns how many threads it runs   @throws BackendError
 */
export async function startWasm(paths: WasmPaths, threads: number): Promise<number> {
  if (started) {
    await makeCurrent('wasm');
    return started.threads;
  }
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  const factory = tf.findBackendFactory('wasm');
  wasm.setWasmPaths(paths);
  if (threads > 1 && (await tf.env().getAsync(threadsFlag))) {
    wasm.setThreadsCount(threads);
    if (await comesUp(makeCurrent('wasm'))) {
      started = { threads: wasm.getThreadsCount() };
    } else {
      tf.removeBackend('wasm');
      tf.registerBackend('wasm', factory);
    }
  }
  if (!started) {
    tf.env().set(threadsFlag, false);
    try {
      await makeCurrent('wasm');
    } catch (cause) {
      throw new BackendError('device-wasm-failed', `the WASM backend did not start: ${String(cause)}`, { cause });
    }
    started = { threads: 1 };
  }
  shareClones();
  return started.threads;
}

async function comesUp(start: Promise<void>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), threadsPatience);
  });
  const outcome = start.then(
    () => true,
    () => false,
  );
  const isUp = await Promise.race([outcome, patience]);
  clearTimeout(timer);
  return isUp;
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
