import { BLOCK_BYTES, GGML_BLOCK, isBlockType, SHARED_BYTES } from './gguf/tensor-types.ts';
import { shown } from './shown.ts';
import type { ModelSource } from './source.ts';
import { isBlocks, rowsToFloats, type StoredBlocks, type StoredRows } from './stored-rows.ts';
import { WeightsError } from './weights-error.ts';

export type FloatDtype = 'F32' | 'F16' | 'BF16';

/** Where a tensor lies, and how. */
export interface TensorEntry {
  readonly name: string;
  readonly file: string;
  readonly dtype: FloatDtype | (string & {});
  readonly shape: readonly number[];
  /** Bytes [start, end) of the file. */
  readonly start: number;
  readonly end: number;
  /**
   * d, where rows 2i and 2i + 1 of each head of d rows are the model's rows i and i + d/2: llama.cpp turns neighbouring
   * features together, Hugging Face those half a head apart.
   */
  readonly headTurn?: number;
}

export interface WeightFiles {
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** Bytes of all tensors together. */
  readonly bytes: number;
}

/** The values of one tensor as float32, row-major. @throws WeightsError */
export async function readTensor(source: ModelSource, entry: TensorEntry): Promise<Float32Array> {
  const { rows } = matrixOf(entry);
  return await readRowRange(source, entry, { first: 0, behind: rows });
}

/**
 * Rows [first, behind) of a tensor as float32; a vector is one row.
 * @param range of whole heads, where their rows change places
 * @throws WeightsError
 */
export async function readRowRange(
  source: ModelSource,
  entry: TensorEntry,
  range: { readonly first: number; readonly behind: number },
): Promise<Float32Array> {
  const stored = await storedRows(source, entry, range);
  // A source may keep the bytes that it gives: whoever keeps the values must not keep those alive.
  return stored.dtype === 'F32' ? stored.values.slice() : rowsToFloats(stored);
}

/**
 * The rows of a matrix in order, in slabs of at most `maxBytes` as they are read or unpacked, and of one row at least. A
 * slab is good until the next one is asked for.
 * @param entry of a tensor [rows, columns]
 * @throws WeightsError
 */
export async function* readRows(source: ModelSource, entry: TensorEntry, maxBytes: number): AsyncGenerator<StoredRows> {
  const { rows, columns, rowBytes } = matrixOf(entry);
  const heldBytes = isBlockType(entry.dtype) ? 4 * columns : rowBytes;
  const granule = entry.headTurn ?? 1;
  const slabRows = Math.max(1, Math.floor(maxBytes / (heldBytes * granule))) * granule;
  const buffers = new SlabBuffers();
  for (let first = 0; first < rows; first += slabRows) {
    yield await storedRows(source, entry, { first, behind: Math.min(rows, first + slabRows) }, buffers);
  }
}

/** Memory that is used again: who reads gigabytes would leave as much garbage. */
class SlabBuffers {
  readonly #buffers = new Map<string, Uint8Array<ArrayBuffer>>();

  take(what: 'file' | 'turned', bytes: number): Uint8Array<ArrayBuffer> {
    let buffer = this.#buffers.get(what);
    if (!buffer || buffer.length < bytes) {
      buffer = new Uint8Array(bytes);
      this.#buffers.set(what, buffer);
    }
    return buffer.subarray(0, bytes);
  }
}

async function storedRows(
  source: ModelSource,
  entry: TensorEntry,
  { first, behind }: { readonly first: number; readonly behind: number },
  buffers = new SlabBuffers(),
): Promise<StoredRows> {
  const { columns, rowBytes } = matrixOf(entry);
  const [start, end] = [entry.start + first * rowBytes, entry.start + behind * rowBytes];
  const bytes = await source.range(entry.file, start, end, buffers.take('file', end - start));
  const stored = asStored(entry, bytes);
  const { headTurn: headWidth } = entry;
  if (headWidth === undefined) return stored;
  const turned = (rows: StoredRows, width: number) =>
    turnedBack(rows, { columns: width, headWidth, into: buffers.take('turned', rows.values.byteLength) });
  if (entry.shape.length > 1) return turned(stored, columns);
  // Of a vector each value is a row of its own.
  return turned(isBlocks(stored) ? { dtype: 'F32', values: rowsToFloats(stored) } : stored, 1);
}

/** Whether its type is one that is read here. */
export function isReadable({ dtype }: Pick<TensorEntry, 'dtype'>): boolean {
  return isBlockType(dtype) || ['F32', 'F16', 'BF16'].includes(dtype);
}

function asStored({ dtype, file, name }: TensorEntry, bytes: Uint8Array): StoredRows {
  if (isBlockType(dtype)) return { dtype, values: bytes };
  switch (dtype) {
    case 'F32':
      return { dtype: 'F32', values: new Float32Array(...placed(bytes, 4)) };
    case 'BF16':
    case 'F16':
      return { dtype: dtype as 'F16' | 'BF16', values: new Uint16Array(...placed(bytes, 2)) };
    default:
      throw new WeightsError(
        'weights-unsupported-dtype',
        `${file}: the tensor ${name} is ${dtype}; F32, F16 and BF16 can be read`,
      );
  }
}

/** A single one makes every figure of the model no number. @throws WeightsError `weights-not-finite` */
export function refuseNotFinite({ file, name }: TensorEntry, stored: StoredRows): void {
  if (allFinite(stored)) return;
  const message = `${file}: the tensor ${shown(name)} has a value that is no finite number: the file is damaged`;
  throw new WeightsError('weights-not-finite', message);
}

function allFinite(stored: StoredRows): boolean {
  if (isBlocks(stored)) return haveFiniteScales(stored);
  return stored.dtype === 'F32' ? areFinite(stored.values) : haveFiniteBits(stored.values, stored.dtype);
}

/** Whole numbers times a finite half, and a finite half more, are finite. */
function haveFiniteScales({ dtype, values }: StoredBlocks): boolean {
  for (let at = 0; at < values.length; at += BLOCK_BYTES[dtype]) {
    for (let high = at + 1; high < at + SHARED_BYTES[dtype]; high += 2) {
      if (((values[high] as number) & 0x7c) === 0x7c) return false;
    }
  }
  return true;
}

function areFinite(values: Float32Array): boolean {
  let differences = 0;
  for (let i = 0; i < values.length; i++) differences += (values[i] as number) - (values[i] as number);
  return differences === 0;
}

function haveFiniteBits(bits: Uint16Array, dtype: 'F16' | 'BF16'): boolean {
  const exponent = dtype === 'F16' ? 0x7c00 : 0x7f80;
  for (let i = 0; i < bits.length; i++) if (((bits[i] as number) & exponent) === exponent) return false;
  return true;
}

/** Rows and columns; a vector is one row. */
export function matrixOf({ shape, start, end }: Pick<TensorEntry, 'shape' | 'start' | 'end'>) {
  const columns = shape.at(-1) ?? 1;
  const rows = shape.slice(0, -1).reduce((product, length) => product * length, 1);
  return { rows, columns, rowBytes: rows === 0 ? 0 : (end - start) / rows };
}

/** The rows of whole heads in the model's own order. @param into as many bytes as the values take */
function turnedBack(
  stored: StoredRows,
  { columns, headWidth, into }: { columns: number; headWidth: number; into: Uint8Array<ArrayBuffer> },
): StoredRows {
  const { dtype, values: inFile } = stored;
  const row = isBlocks(stored) ? (columns / GGML_BLOCK) * BLOCK_BYTES[stored.dtype] : columns;
  const values = alike(inFile, into);
  for (const [from, to] of turnedRows(inFile.length / row, headWidth))
    values.set(inFile.subarray(from * row, (from + 1) * row), to * row);
  return { dtype, values } as StoredRows;
}

/** A view of memory of the kind of another one. */
function alike(of: StoredRows['values'], { buffer, byteOffset }: Uint8Array<ArrayBuffer>): StoredRows['values'] {
  if (of instanceof Float32Array) return new Float32Array(buffer, byteOffset, of.length);
  if (of instanceof Uint16Array) return new Uint16Array(buffer, byteOffset, of.length);
  return new Uint8Array(buffer, byteOffset, of.length);
}

/** Of whole heads, each row of a GGUF file with its place in the model. */
export function* turnedRows(rows: number, headWidth: number): Generator<readonly [inFile: number, inModel: number]> {
  const half = headWidth / 2;
  for (let row = 0; row < rows; row++) {
    const inHead = row % headWidth;
    yield [row, row - inHead + (inHead % 2) * half + (inHead >> 1)];
  }
}

/** Where a typed array over the bytes lies; they are copied only where they do not begin on a whole number. */
function placed(bytes: Uint8Array, width: number): [ArrayBuffer, number, number] {
  const length = Math.floor(bytes.length / width);
  if (bytes.byteOffset % width === 0) return [bytes.buffer as ArrayBuffer, bytes.byteOffset, length];
  return [bytes.slice().buffer as ArrayBuffer, 0, length];
}
