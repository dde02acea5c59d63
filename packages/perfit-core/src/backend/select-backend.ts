import { BackendError } from '../backend-error.ts';
import { startWasm, type WasmPaths } from './wasm-backend.ts';
import type { ThreadMeans } from './wasm-threads.ts';
import {
  type AdapterDescription,
  type DeviceLimits,
  describeAdapter,
  isSoftwareAdapter,
  requestAdapter,
  startWebGpu,
} from './webgpu-device.ts';

export interface BackendOptions {
  /** `auto` takes WebGPU on real hardware and else WASM; `webgpu` takes a software adapter as well. */
  readonly prefer: 'auto' | 'webgpu' | 'wasm';
  readonly wasmPaths: WasmPaths;
  /** Threads of the WASM backend; 1 where absent. */
  readonly threads?: number;
  /** What more than one needs. */
  readonly threadMeans?: ThreadMeans;
  /** `navigator.gpu` where absent. */
  readonly gpu?: GPU | undefined;
  /**
   * Called where the GPU's device is lost, or fails in another way, while it runs, and where WebAssembly's memory does:
   * nothing on it can be used after that, and what waits for it is told next. Selecting again starts a new one.
   */
  readonly onDeviceFailure?: (failure: BackendError) => void;
}

/** What runs, and why. */
export interface BackendDescription {
  readonly backend: 'webgpu' | 'wasm';
  /** The GPU's adapter, also where it was passed over; null where there is none or nobody asked. */
  readonly adapter: AdapterDescription | null;
  /** The adapter computes in software. */
  readonly isFallback: boolean;
  readonly features: readonly string[];
  /** Null on WASM. */
  readonly limits: DeviceLimits | null;
  /** Of the WASM backend; 0 on WebGPU. */
  readonly threads: number;
  /** A sentence for a person. */
  readonly reason: string;
}

/**
 * Chooses and starts tfjs' backend, before any tensor is made: once in a worker's life, and again where its device failed.
 * @throws BackendError
 */
export async function selectBackend(options: BackendOptions): Promise<BackendDescription> {
  const { prefer } = options;
  if (prefer === 'wasm') return await wasm(options, { adapter: null, reason: 'WASM was asked for.' });
  const gpu = options.gpu ?? (globalThis.navigator as Navigator | undefined)?.gpu;
  const adapter = await requestAdapter(gpu);
  if (!adapter) {
    const reason = gpu ? 'WebGPU found no adapter on this machine' : 'This browser has no WebGPU';
    if (prefer === 'webgpu') throw new BackendError('device-no-webgpu', `${reason}.`);
    return await wasm(options, { adapter: null, reason: `${reason}: the model runs on the processor (WASM).` });
  }
  if (prefer === 'auto' && isSoftwareAdapter(adapter)) {
    const reason = 'WebGPU runs in software here: WASM is faster.';
    return await wasm(options, { adapter, reason });
  }
  try {
    const { features, limits } = await startWebGpu(adapter, options.onDeviceFailure);
    const isFallback = isSoftwareAdapter(adapter);
    const reason = isFallback ? 'WebGPU was asked for; it runs in software here.' : 'WebGPU runs on this GPU.';
    return { backend: 'webgpu', adapter: describeAdapter(adapter), isFallback, features, limits, threads: 0, reason };
  } catch (error) {
    if (prefer === 'webgpu') throw error;
    const reason = `WebGPU did not start (${(error as Error).message}): the model runs on the processor (WASM).`;
    return await wasm(options, { adapter, reason });
  }
}

async function wasm(
  { wasmPaths, threads = 1, threadMeans, onDeviceFailure }: BackendOptions,
  { adapter, reason }: { adapter: GPUAdapter | null; reason: string },
): Promise<BackendDescription> {
  const { threads: running, shortfall } = await startWasm({
    paths: wasmPaths,
    threads,
    means: threadMeans,
    onFailure: onDeviceFailure,
  });
  return {
    backend: 'wasm',
    adapter: adapter && describeAdapter(adapter),
    isFallback: adapter !== null && isSoftwareAdapter(adapter),
    features: [],
    limits: null,
    threads: running,
    reason: shortfall ? `${reason} It runs ${running} of the ${threads} threads asked for: ${shortfall}.` : reason,
  };
}
