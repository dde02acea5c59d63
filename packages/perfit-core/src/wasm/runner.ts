import * as tf from '@tensorflow/tfjs-core';
import { BackendError } from '../backend-error.ts';
import { type SimdWay, startPrograms, type WasmPrograms } from './programs.ts';
import { makeCall, type ProgramCall, type Thread, ThreadPool } from './threads.ts';
import type { WasmBackend } from './wasm-heap.ts';

/** Of a panel of a product, 8 columns and {@link DEPTH} rows, and a tile at its edge. */
const PANEL_BYTES = 4 * 8 * 256 + 256;
/** The most rows of a panel; `assembly/product.ts`. */
const DEPTH = 256;

/** What a product of so many rows and so long rows needs for them, packed. */
function packedRows(m: number, k: number): number {
  return 4 * Math.ceil(m / 4) * 4 * Math.min(DEPTH, k);
}

/**
 * Our programs for the processor, in the memory of tfjs' WASM backend: they read and write its tensors where they lie, in
 * order with tfjs' own kernels.
 */
export class WasmRunner {
  readonly programs: WasmPrograms;
  readonly #backend: WasmBackend;
  readonly #pool: ThreadPool | null;
  #scratch = { address: 0, bytes: 0 };

  private constructor(backend: WasmBackend, programs: WasmPrograms, pool: ThreadPool | null) {
    this.#backend = backend;
    this.programs = programs;
    this.#pool = pool;
  }

  static readonly #runners = new WeakMap<object, WasmRunner>();

  /**
   * Once for a backend, before anything computes on it.
   * @param threads how many, with the calling one, in memory that they share   @param way for tests; the best there is where absent
   * @returns why there is one thread alone where more were asked for, as the end of a sentence
   */
  static async start(
    threads: { count: number; start: () => Thread } | null = null,
    way?: SimdWay,
  ): Promise<{ shortfall: string | null }> {
    const backend = tf.backend() as unknown as WasmBackend;
    const memory = backend.wasm.asm?.memory;
    if (!memory) throw new BackendError('device-wasm-failed', 'the memory of the WASM backend is not to be had');
    const { programs, module } = await startPrograms(memory, way);
    let pool: ThreadPool | null = null;
    let shortfall: string | null = null;
    if (threads) {
      try {
        pool = await ThreadPool.start({ programs, module, memory }, threads.count, threads.start);
      } catch (error) {
        shortfall = `they did not come up (${(error as Error).message})`;
      }
    }
    WasmRunner.#runners.set(backend, new WasmRunner(backend, programs, pool));
    return { shortfall };
  }

  /** Ends the threads of a backend that is let go of. */
  static end(backend: object): void {
    const runner = WasmRunner.#runners.get(backend);
    if (runner) runner.#pool?.terminate();
    WasmRunner.#runners.delete(backend);
  }

  /** @throws BackendError where the current backend is not a WASM backend that {@link WasmRunner.start} was called for */
  static current(): WasmRunner {
    const runner = tf.getBackend() === 'wasm' ? WasmRunner.#runners.get(tf.backend()) : undefined;
    if (runner) return runner;
    throw new BackendError(
      'device-wrong-backend',
      `TensorFlow.js runs on ${tf.getBackend()} where wasm is needed for programs of the processor`,
    );
  }

  /** A tensor whose numbers are whatever its memory held before: for a program's output. The caller disposes it. */
  empty<T extends tf.Tensor>(shape: readonly number[], dtype: 'float32' | 'int32' = 'float32'): T {
    return tf.engine().makeTensorFromTensorInfo(this.#backend.makeOutput([...shape], dtype)) as T;
  }

  /** Bytes of one tensor: tfjs takes addresses for signed numbers. */
  readonly maxBytes = 2 ** 31 - 1;

  /** Nothing is under way here: what is written is there. */
  async paced(): Promise<void> {}

  /** Where a tensor lies, until it is disposed; 0 where there is none. */
  address(tensor: tf.TensorInfo | null | undefined): number {
    return tensor ? this.#backend.dataIdMap.get(tensor.dataId).memoryOffset : 0;
  }

  /** The same of several. */
  addresses<T extends readonly (tf.TensorInfo | null | undefined)[]>(...tensors: T): { [K in keyof T]: number } {
    return tensors.map((tensor) => this.address(tensor)) as { [K in keyof T]: number };
  }

  /** Copies words from the host into a tensor, from word `offset` on. */
  write(tensor: tf.TensorInfo, words: Uint32Array | Int32Array | Float32Array, offset = 0): void {
    const { buffer } = this.#backend.typedArrayFromHeap(tensor);
    new Uint32Array(buffer, this.address(tensor) + 4 * offset, words.length).set(
      new Uint32Array(words.buffer, words.byteOffset, words.length),
    );
  }

  /**
   * Into how many parts work is cut, for as many threads.
   * @param flops that it takes, or as long as those   @param most parts into which it can be cut
   */
  parts(flops: number, most: number): number {
    if (!this.#pool || flops < WORTH_CUTTING) return 1;
    return Math.max(1, Math.min(this.#pool.count, most));
  }

  /** Makes calls at once; see {@link WasmRunner.parts}. */
  run(calls: readonly ProgramCall[]): void {
    if (calls.length > 1) {
      (this.#pool as ThreadPool).run(calls);
      return;
    }
    makeCall(this.programs, calls[0] as ProgramCall);
  }

  /**
   * Memory that no tensor lies in, for the time of one call of a program on each of so many threads.
   * @param products m and k of those that it makes   @param more bytes besides
   * @returns where that of each begins
   */
  scratch(threads: number, products: readonly (readonly [m: number, k: number])[], more = 0): number[] {
    const needed = PANEL_BYTES + Math.max(...products.map(([m, k]) => packedRows(m, k))) + more;
    // Threads that write into one line of cache would wait for each other.
    const each = Math.ceil(needed / 128) * 128;
    if (this.#scratch.bytes < threads * each) {
      if (this.#scratch.address > 0) this.#backend.wasm._free(this.#scratch.address);
      this.#scratch = { address: 0, bytes: 0 };
      this.#scratch = { address: this.#backend.wasm._malloc(threads * each), bytes: threads * each };
    }
    return Array.from({ length: threads }, (_, i) => this.#scratch.address + i * each);
  }
}

/** Less is done before another thread has woken. */
const WORTH_CUTTING = 1e6;

/** So many of something in parts of about the same size. @param step of which the parts but the last are a multiple */
export function ranges(count: number, parts: number, step = 1): [from: number, to: number][] {
  const each = Math.ceil(count / parts / step) * step;
  const cut: [number, number][] = [];
  for (let from = 0; from < count; from += each) cut.push([from, Math.min(count, from + each)]);
  return cut;
}
