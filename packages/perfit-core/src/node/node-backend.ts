import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { type BackendDescription, selectBackend } from '../backend/select-backend.ts';
import { BackendError } from '../backend-error.ts';
import type { Thread } from '../wasm/threads.ts';
import { dawnFlags, findWebGpuDriver, useWebGpuDriver } from './webgpu-driver.ts';

export interface NodeBackendOptions {
  /** `webgpu` runs on Dawn (the `webgpu` package) with the driver that `findWebGpuDriver` finds. */
  readonly prefer: 'wasm' | 'webgpu';
  /** Of the WASM backend; 1 where absent. */
  readonly threads?: number;
}

/**
 * Starts tfjs' backend in Node: WASM, its files taken from the installed package, or WebGPU.
 * @throws BackendError
 */
export async function nodeBackend({ prefer, threads = 1 }: NodeBackendOptions): Promise<BackendDescription> {
  if (prefer === 'wasm') {
    allowRelaxedSimd();
    const packageFile = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
    const wasmPaths = join(dirname(packageFile), '/');
    const threadMeans = { binary: () => readFile(`${wasmPaths}tfjs-backend-wasm-simd.wasm`), start: startThread };
    return await withoutNewListeners(() => selectBackend({ prefer, wasmPaths, threads, threadMeans }));
  }
  // Where WebGPU is asked for, nothing falls back to WASM.
  return await selectBackend({ prefer, wasmPaths: '', gpu: await dawn() });
}

/** Node 20 has the relaxed instructions that later ones and browsers have, behind a flag. */
function allowRelaxedSimd(): void {
  if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd');
}

function startThread(): Thread {
  const worker = new Worker(new URL('./thread.js', import.meta.url));
  // The process ends when its work does, whatever threads wait for.
  worker.unref();
  const ready = new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('it ended')));
  });
  return { postMessage: (message) => worker.postMessage(message), ready, terminate: () => void worker.terminate() };
}

/** One for the process, as a page has one: with several of them the process crashed when devices came and went. */
let gpu: GPU | null = null;

async function dawn(): Promise<GPU> {
  if (gpu) return gpu;
  const driver = await findWebGpuDriver();
  if (driver.adapter === 'none') throw new BackendError('device-no-webgpu', noAdapter());
  useWebGpuDriver(driver);
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  gpu = create(dawnFlags());
  offerGpu(gpu);
  return gpu;
}

function noAdapter(): string {
  const named = process.env.VK_ICD_FILENAMES || process.env.VK_DRIVER_FILES;
  if (named) return `WebGPU finds no adapter with the Vulkan driver that the environment names, ${named}.`;
  const software = process.platform === 'linux' ? ' Chromium brings one that computes in software: install it.' : '';
  return `WebGPU finds no adapter on this machine: no graphics driver that Dawn takes.${software}`;
}

/** tfjs' WebGPU backend refuses to start where `navigator.gpu` is missing; Node 20 has no navigator at all. */
function offerGpu(gpu: GPU): void {
  if (globalThis.navigator === undefined) {
    Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true, writable: true });
  }
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
}

/** Emscripten's start code adds handlers to the process that print its whole source and hide the error. */
async function withoutNewListeners<T>(start: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set<unknown>(process.listeners(event as 'uncaughtException')));
  const result = await start();
  events.forEach((event, i) => {
    for (const listener of process.listeners(event as 'uncaughtException')) {
      if (!before[i]?.has(listener)) process.removeListener(event, listener);
    }
  });
  return result;
}
