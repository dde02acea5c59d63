import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { BackendError } from '../backend-error.ts';
import { WasmRunner } from '../wasm/runner.ts';
import { MAX_THREADS } from '../wasm/threads.ts';
import type { WasmBackend } from '../wasm/wasm-heap.ts';
import { guardAllocations, wasmFailure } from './wasm-failure.ts';
import { startInSharedMemory, type ThreadMeans } from './wasm-threads.ts';
import { makeCurrent } from './webgpu-device.ts';

/** Where the files of @tensorflow/tfjs-backend-wasm are: the folder of its three .wasm files, or a URL for each file name. */
export type WasmPaths = string | Record<string, string>;

export interface WasmStart {
  readonly threads: number;
  /** Why fewer threads run than were asked for, as the end of a sentence; null where they all run. */
  readonly shortfall: string | null;
}

export interface WasmWish {
  readonly paths: WasmPaths;
  readonly threads: number;
  /** Without them one thread runs. */
  readonly means?: ThreadMeans | undefined;
  readonly onFailure?: FailureListener | undefined;
}

type FailureListener = (failure: BackendError) => void;

const threadsFlag = 'WASM_HAS_MULTITHREAD_SUPPORT';
/** As tfjs registers it. */
const priority = 2;

/** Asking tfjs whether the backend is there would start it, with whatever settings it has: so this is kept here. */
let running: (WasmStart & { readonly wanted: number; readonly onFailure: FailureListener | undefined }) | null = null;
let hasThreads: Promise<boolean> | null = null;
/** tfjs' own start. */
let plainFactory: ReturnType<typeof tf.findBackendFactory> | null = null;

/**
 * Starts the WASM backend: SIMD where the engine has it; several threads for our programs where more than one is asked for,
 * the page is cross-origin isolated, and they come up. Otherwise one. Where it runs already, it is started anew only for another
 * count and as long as no tensor lives on it.
 * @param onFailure called where the backend is let go of: nothing on it can be used after that
 * @throws BackendError
 */
export async function startWasm(wish: WasmWish): Promise<WasmStart> {
  const { paths, threads, means, onFailure } = wish;
  if (running && (running.wanted === threads || tf.memory().numTensors > 0)) {
    await makeCurrent('wasm');
    const isShort = running.threads < threads;
    return { threads: running.threads, shortfall: isShort ? (running.shortfall ?? 'it had started before') : null };
  }
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(paths);
  hasThreads ??= tf.env().getAsync(threadsFlag) as Promise<boolean>;
  // For tfjs' own start, which would bring threads of its own.
  if (await hasThreads) tf.env().set(threadsFlag, false);
  plainFactory ??= tf.findBackendFactory('wasm');
  const { backend, ...attempt } = threads > 1 ? await tryThreads(means, threads) : one(null);
  if (backend || (running && running.threads > 1)) {
    if (running) WasmRunner.end(tf.findBackend('wasm'));
    tf.removeBackend('wasm');
    tf.registerBackend('wasm', backend ? () => backend : plainFactory, priority);
  }
  try {
    await makeCurrent('wasm');
  } catch (cause) {
    throw new BackendError('device-wasm-failed', `the WASM backend did not start: ${String(cause)}`, { cause });
  }
  guardAllocations((tf.backend() as unknown as WasmBackend).wasm);
  const inThreads = means && attempt.threads > 1 ? { count: attempt.threads, start: () => means.start() } : null;
  const { shortfall } = await WasmRunner.start(inThreads);
  const outcome = shortfall ? { threads: 1, shortfall } : attempt;
  if (!running) shareClones();
  running = { ...outcome, wanted: threads, onFailure };
  return outcome;
}

/**
 * Lets go of a backend whose memory is broken or used up, so that the next start makes a new one. Tensors that live there
 * can be disposed as ever, and nothing else.
 */
function dropWasm(failure: BackendError): void {
  if (!running) return;
  const { onFailure } = running;
  running = null;
  const dead = tf.findBackend('wasm') as unknown as WasmBackend;
  // Calls into a heap that is broken may trap, or never return.
  dead.disposeData = () => true;
  dead.wasm.tfjs.dispose = () => {};
  WasmRunner.end(dead);
  tf.removeBackend('wasm');
  if (plainFactory) tf.registerBackend('wasm', plainFactory, priority);
  onFailure?.(failure);
}

/** The failure of WebAssembly's memory that an error comes from, its backend let go of; every other error as it is. */
export function afterWasmFailure(thrown: unknown): unknown {
  const failure = running && tf.getBackend() === 'wasm' ? wasmFailure(thrown) : null;
  if (failure) dropWasm(failure);
  return failure ?? thrown;
}

interface Attempt extends WasmStart {
  /** Null where tfjs' own start is to be used. */
  readonly backend: BackendWasm | null;
}

const one = (shortfall: string | null): Attempt => ({ threads: 1, shortfall, backend: null });

async function tryThreads(means: ThreadMeans | undefined, threads: number): Promise<Attempt> {
  if (!means) return one('there is nothing here to start them with');
  if (globalThis.crossOriginIsolated === false) return one('this page is not cross-origin isolated');
  if (typeof SharedArrayBuffer !== 'function' || !(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) {
    return one('WebAssembly has no threads here');
  }
  const count = Math.min(threads, MAX_THREADS);
  try {
    const backend = await startInSharedMemory(means);
    return { threads: count, shortfall: count < threads ? 'no more can run at once' : null, backend };
  } catch (error) {
    return one(`their memory could not be made (${(error as Error).message})`);
  }
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
