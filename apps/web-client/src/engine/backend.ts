import { type BackendDescription, deviceBudget, selectBackend } from '@perfit/core';
import wasmPlain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import wasmSimd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import wasmThreaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import mainScript from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js?url';
import type { DeviceReport, DeviceWish } from './engine-api.ts';
import threadScript from './wasm-thread.js?url';

const wasmPaths = {
  'tfjs-backend-wasm.wasm': wasmPlain,
  'tfjs-backend-wasm-simd.wasm': wasmSimd,
  'tfjs-backend-wasm-threaded-simd.wasm': wasmThreaded,
  'tfjs-backend-wasm-threaded-simd.js': mainScript,
  'tfjs-backend-wasm-threaded-simd.worker.js': threadScript,
};

/** Where nobody says how many: small models gain nothing from more (docs/decisions/2026-11-22-wasm-threads.md). */
const defaultThreads = 1;

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
    const { backend, threads = defaultThreads } = wish;
    if (this.#running?.backend !== backend || this.#running.threads !== threads) {
      const starting = selectBackend({
        prefer: backend,
        wasmPaths,
        threads,
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
