import type { ModelSource } from '../weights/source.ts';
import { type StoredRows, valueCount } from '../weights/stored-rows.ts';
import { readRows, readTensor, refuseNotFinite, type TensorEntry, type WeightFiles } from '../weights/tensor-values.ts';
import { assertHasTensor } from './expected-tensors.ts';

export interface WeightReaderOptions {
  /** Called after every few MiB with the bytes read so far. */
  readonly onProgress?: (loadedBytes: number, totalBytes: number) => void;
  readonly signal?: AbortSignal;
}

/** Of a file, in memory at once: enough for a fast disk, little next to a matrix. */
const SLAB_BYTES = 4 << 20;

/** What a model is made of; disposed where its load fails. */
interface Owned {
  dispose(): void;
}

/** Reads named tensors of a known shape, and knows what was made of them until the load has succeeded. */
export class WeightReader {
  readonly #source: ModelSource;
  readonly #files: WeightFiles;
  readonly #options: WeightReaderOptions;
  readonly #owned: Owned[] = [];
  #loadedBytes = 0;

  constructor(source: ModelSource, files: WeightFiles, options: WeightReaderOptions) {
    this.#source = source;
    this.#files = files;
    this.#options = options;
  }

  get entries(): WeightFiles['entries'] {
    return this.#files.entries;
  }

  /** Values of a small tensor that config.json implies. @returns row-major @throws WeightsError */
  async read(name: string, shape: number[]): Promise<Float32Array> {
    const entry = this.#begin(name, shape);
    const values = await readTensor(this.#source, entry);
    refuseNotFinite(entry, { dtype: 'F32', values });
    this.#report(entry.end - entry.start);
    return values;
  }

  /** The rows of a matrix in order, in slabs of a few MiB, so that no matrix is ever whole in memory. @throws WeightsError */
  async *slabs(name: string, shape: [rows: number, columns: number]): AsyncGenerator<StoredRows> {
    const entry = this.#begin(name, shape);
    const valueBytes = (entry.end - entry.start) / (shape[0] * shape[1]);
    for await (const slab of readRows(this.#source, entry, SLAB_BYTES)) {
      refuseNotFinite(entry, slab);
      yield slab;
      this.#report(valueCount(slab) * valueBytes);
      this.#options.signal?.throwIfAborted();
    }
  }

  /** Disposed by {@link WeightReader.disposeAll} where the load fails. */
  own<T extends Owned>(made: T): T {
    this.#owned.push(made);
    return made;
  }

  disposeAll(): void {
    for (const owned of this.#owned) owned.dispose();
  }

  #begin(name: string, shape: number[]): TensorEntry {
    this.#options.signal?.throwIfAborted();
    return assertHasTensor(this.#files.entries, { name, shape, where: this.#source.describe() });
  }

  #report(bytes: number): void {
    this.#loadedBytes += bytes;
    this.#options.onProgress?.(this.#loadedBytes, this.#files.bytes);
  }
}
