import * as tf from '@tensorflow/tfjs-core';
import { BackendError } from '../backend/backend-error.ts';
import type { WasmBackend } from '../backend/wasm-heap.ts';
import { type SimdWay, startPrograms, type WasmPrograms } from './programs.ts';

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
  #scratch = { address: 0, bytes: 0 };

  private constructor(backend: WasmBackend, programs: WasmPrograms) {
    this.#backend = backend;
    this.programs = programs;
  }

  static readonly #runners = new WeakMap<object, WasmRunner>();

  /** Once for a backend, before anything computes on it. @param way for tests; the best there is where absent */
  static async start(way?: SimdWay): Promise<void> {
    const backend = tf.backend() as unknown as WasmBackend;
    const memory = backend.wasm.wasmMemory ?? backend.wasm.asm?.memory;
    if (!memory) throw new BackendError('device-wasm-failed', 'the memory of the WASM backend is not to be had');
    WasmRunner.#runners.set(backend, new WasmRunner(backend, await startPrograms(memory, way)));
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
  readonly mostBytes = 2 ** 31 - 1;

  /** A page that loads must be able to say how far it is. */
  async paced(): Promise<void> {}

  /** Where a tensor lies, until it is disposed; 0 where there is none. */
  address(tensor: tf.TensorInfo | null | undefined): number {
    return tensor ? this.#backend.dataIdMap.get(tensor.dataId).memoryOffset : 0;
  }

  /** Copies words from the host into a tensor, from word `offset` on. */
  write(tensor: tf.TensorInfo, words: Uint32Array | Int32Array | Float32Array, offset = 0): void {
    const { buffer } = this.#backend.typedArrayFromHeap(tensor);
    new Uint32Array(buffer, this.address(tensor) + 4 * offset, words.length).set(
      new Uint32Array(words.buffer, words.byteOffset, words.length),
    );
  }

  /** The values of a tensor, copied. */
  read(tensor: tf.Tensor): Float32Array {
    return (this.#backend.typedArrayFromHeap(tensor) as Float32Array).slice();
  }

  /**
   * Memory that no tensor lies in, for the time of one call of a program.
   * @param products m and k of those that it makes   @param more bytes besides
   */
  scratch(products: readonly (readonly [m: number, k: number])[], more = 0): number {
    const bytes = PANEL_BYTES + Math.max(...products.map(([m, k]) => packedRows(m, k))) + more;
    if (this.#scratch.bytes < bytes) {
      if (this.#scratch.address > 0) this.#backend.wasm._free(this.#scratch.address);
      this.#scratch = { address: 0, bytes: 0 };
      this.#scratch = { address: this.#backend.wasm._malloc(bytes), bytes };
    }
    return this.#scratch.address;
  }
}
