import { type BackendDescription, deviceBudget, MAX_THREADS, selectBackend, type Thread } from '@perfit/core';
import wasmPlain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import wasmSimd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import type { DeviceReport, DeviceWish } from '../../contract/device-api.ts';

const wasmPaths = {
  'tfjs-backend-wasm.wasm': wasmPlain,
  'tfjs-backend-wasm-simd.wasm': wasmSimd,
  // tfjs wants to know of three; its own build with threads is never asked for.
  'tfjs-backend-wasm-threaded-simd.wasm': wasmSimd,
};

const threadMeans = {
  binary: async () => new Uint8Array(await (await fetch(wasmSimd)).arrayBuffer()),
  start: (): Thread => {
    const worker = new Worker(new URL('./wasm-thread.ts', import.meta.url), { type: 'module', name: 'wasm-thread' });
    const ready = new Promise((resolve, reject) => {
      worker.onmessage = resolve;
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message || 'its script did not load'));
      };
    });
    return { postMessage: (message) => worker.postMessage(message), ready, terminate: () => worker.terminate() };
  },
};

/** Where nobody says how many: half of what the device runs at once, which leaves the rest to its person; four at most. */
function defaultThreads(): number {
  return Math.max(1, Math.min(4, MAX_THREADS, Math.floor(navigator.hardwareConcurrency / 2)));
}

/** What the worker computes with: started when first asked for, and anew where something else is wanted or it failed. */
export class Backend {
  readonly #onFailure: () => void;
  #running: (Required<DeviceWish> & { readonly starting: Promise<BackendDescription> }) | null = null;

  /** @param onFailure called where the graphics device is lost, or WebAssembly's memory fails: what lay there is gone */
  constructor(onFailure: () => void) {
    this.#onFailure = onFailure;
  }

  /** @throws BackendError */
  async start(wish: DeviceWish): Promise<BackendDescription> {
    const { backend, threads = defaultThreads() } = wish;
    if (this.#running?.backend !== backend || this.#running.threads !== threads) {
      const starting = selectBackend({
        prefer: backend,
        wasmPaths,
        threads,
        threadMeans,
        onDeviceFailure: () => {
          this.#running = null;
          this.#onFailure();
        },
      });
      this.#running = { backend, threads, starting };
      starting.catch(() => {
        this.#running = null;
      });
    }
    return this.#running.starting;
  }

  /** What runs, else what is wished: whoever only looks takes nothing from under somebody's work. @throws BackendError */
  async any(wish: DeviceWish = { backend: 'auto' }): Promise<BackendDescription> {
    return this.#running?.starting ?? this.start(wish);
  }
}

/** For people: "Apple M2", "SwiftShader", or how many threads of the processor. */
export function describe({ backend, adapter, threads }: BackendDescription): string {
  if (backend === 'wasm') return threads === 1 ? 'one thread' : `${threads} threads`;
  return adapter?.description || [adapter?.vendor, adapter?.architecture].filter(Boolean).join(' ') || 'unnamed';
}

export async function deviceReport(description: BackendDescription): Promise<DeviceReport> {
  const estimate = await navigator.storage?.estimate().catch(() => null);
  const { quota, usage } = estimate ?? {};
  const { limits, features } = description;
  // Not every browser tells; TypeScript's own library does not know of it.
  const { deviceMemory } = navigator as { readonly deviceMemory?: number };
  return {
    backend: description.backend,
    description: describe(description),
    reason: description.reason,
    crossOriginIsolated: globalThis.crossOriginIsolated,
    cores: navigator.hardwareConcurrency,
    threads: description.threads,
    features,
    largestBuffer: limits && Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize),
    graphicsMemory: limits && deviceBudget(limits),
    memory: deviceMemory === undefined ? null : deviceMemory * 2 ** 30,
    storage: quota === undefined ? null : quota - (usage ?? 0),
  };
}
