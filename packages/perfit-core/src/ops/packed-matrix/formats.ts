import { BLOCK_BYTES, type BlockType, GGML_BLOCK, SHARED_BYTES } from '../../weights/gguf/tensor-types.ts';
import { isBlocks, rowsToFloats, type StoredRows, valueCount } from '../../weights/stored-rows.ts';
import { finiteHalf, floatOfHalf, type StoredValues, toHalves } from '../../weights/stored-values.ts';

/**
 * How a matrix lies in memory. int8 and int4 are GGUF's Q8_0 and Q4_0, q4_1 is its Q4_1: blocks of 32 values that share a
 * scale, and in q4_1 a least value too.
 */
export type Format = 'f32' | 'f16' | 'int8' | 'int4' | 'q4_1';

/** In the order in which the programs for the processor count them. */
export const FORMATS = ['f32', 'f16', 'int8', 'int4', 'q4_1'] as const satisfies readonly Format[];

/** What all matrices of any model can be rounded to, finest first. */
export const PRECISIONS = ['f32', 'f16', 'int8', 'int4'] as const satisfies readonly Format[];

export type RoundedPrecision = (typeof PRECISIONS)[number];

/** How a model's frozen weights are held: each matrix as its file has it, or all rounded to one format. */
export type Precision = 'file' | RoundedPrecision;

/** Values that share a scale, along a row. */
const blockSize = GGML_BLOCK;

/** Rows are padded with zeros so that no word straddles two of them: of values, and of the pairs of scales. */
export function paddedWidth(format: Format, columns: number): number {
  const unit = format === 'int8' || format === 'int4' ? 2 * blockSize : blockSize;
  return Math.ceil(columns / unit) * unit;
}

/** 4-byte words of `rows` rows: the values, then those of the blocks' scales. */
export function packedWords(format: Format, rows: number, columns: number): { values: number; scales: number } {
  const values = rows * paddedWidth(format, columns);
  const blocks = values / blockSize;
  switch (format) {
    case 'f32':
      return { values, scales: 0 };
    case 'f16':
      return { values: values / 2, scales: 0 };
    case 'int8':
      return { values: values / 4, scales: blocks / 2 };
    case 'int4':
      return { values: values / 8, scales: blocks / 2 };
    case 'q4_1':
      return { values: values / 8, scales: blocks };
  }
}

/**
 * Packs rows of a matrix, row-major [rows, columns]; blocks of the format's own type are taken as they are.
 * f16: pairs, the first in the low half. int8: multiples of the scale, a 127th of the block's greatest magnitude. int4:
 * q − 8 in units of the scale, which takes the value of greatest magnitude to −8. q4_1: q in units of the scale from the
 * block's least value up; its words hold the scale in the low half and the least value in the high one. Four-bit values lie
 * as in GGUF: the low halves of a block's 16 bytes are its first values, the high ones the others.
 * @param scratch where the result lies then, good until the next call with it
 * @returns values, then scales; {@link packedWords} long
 */
export function packRows(
  format: Format,
  stored: StoredRows,
  { rows, columns }: { rows: number; columns: number },
  scratch = new PackScratch(),
): Uint32Array {
  const words = packedWords(format, rows, columns);
  const packed = scratch.words(words.values + words.scales);
  const into = { packed, rows, columns, scaleOffset: words.values };
  if (isBlocks(stored) && isInBlocks(format) && stored.dtype === STORED_AS[format]) {
    takeBlocks(format, stored.values, into);
    return packed;
  }
  const floats = () => rowsToFloats(stored, scratch.floats(stored.dtype === 'F32' ? 0 : valueCount(stored)));
  if (format === 'f32') padRows(floats(), new Float32Array(packed.buffer), paddedWidth(format, columns), columns);
  else if (format === 'f16') packHalves(stored, { packed: new Uint16Array(packed.buffer), columns, floats });
  else packBlocks(format, floats(), into);
  return packed;
}

export function isInBlocks(format: Format): format is BlockFormat {
  return format in STORED_AS;
}

/** The type of a GGUF file's tensor that a format is. */
const STORED_AS = { int8: 'Q8_0', int4: 'Q4_0', q4_1: 'Q4_1' } as const satisfies Partial<Record<Format, BlockType>>;

type BlockFormat = keyof typeof STORED_AS;

/** The format that loses nothing of a tensor, where there is a packed one. */
export function formatOf(dtype: string): Format | null {
  if (dtype === 'F32') return 'f32';
  if (dtype === 'F16') return 'f16';
  return FORMATS.filter(isInBlocks).find((format) => STORED_AS[format] === dtype) ?? null;
}

/** Memory that is used again: who packs gigabytes would leave as much garbage. */
export class PackScratch {
  #words = new Uint32Array(0);
  #floats = new Float32Array(0);

  /** All zero. */
  words(count: number): Uint32Array {
    if (this.#words.length < count) this.#words = new Uint32Array(count);
    return this.#words.subarray(0, count).fill(0);
  }

  floats(count: number): Float32Array {
    if (this.#floats.length < count) this.#floats = new Float32Array(count);
    return this.#floats.subarray(0, count);
  }
}

function packHalves(
  stored: StoredRows,
  { packed, columns, floats }: { packed: Uint16Array; columns: number; floats: () => Float32Array },
): void {
  const values: StoredValues = isBlocks(stored) ? { dtype: 'F32', values: floats() } : stored;
  const width = paddedWidth('f16', columns);
  if (width === columns) toHalves(values, packed);
  else padRows(toHalves(values), packed, width, columns);
}

function padRows<T extends Float32Array | Uint16Array>(values: T, packed: T, width: number, columns: number): void {
  for (let from = 0, to = 0; from < values.length; from += columns, to += width) {
    packed.set(values.subarray(from, from + columns), to);
  }
}

/** What the device computes with, given what {@link packRows} made of a matrix. @returns [rows, columns] row-major */
export function unpackRows(format: Format, packed: Uint32Array, rows: number, columns: number): Float32Array {
  const width = paddedWidth(format, columns);
  const { values: scaleOffset } = packedWords(format, rows, columns);
  const floats = new Float32Array(packed.buffer, packed.byteOffset, packed.length);
  const halves = new Uint16Array(packed.buffer, packed.byteOffset, packed.length * 2);
  const bytes = new Int8Array(packed.buffer, packed.byteOffset, packed.length * 4);
  /** Of a block, or one of both where it has two. */
  const scale = (index: number) => fromHalf(halves[2 * scaleOffset + index] as number);
  const fourBits = (index: number) => {
    const inBlock = index % blockSize;
    const byte = bytes[(index - inBlock) / 2 + (inBlock % 16)] as number;
    return (byte >> (inBlock < 16 ? 0 : 4)) & 15;
  };
  const at = (index: number): number => {
    const block = Math.floor(index / blockSize);
    switch (format) {
      case 'f32':
        return floats[index] as number;
      case 'f16':
        return fromHalf(halves[index] as number);
      case 'int8':
        return (bytes[index] as number) * scale(block);
      case 'int4':
        return (fourBits(index) - 8) * scale(block);
      case 'q4_1':
        return fourBits(index) * scale(2 * block) + scale(2 * block + 1);
    }
  };
  return Float32Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns) * width + (i % columns)));
}

interface Blocks {
  readonly packed: Uint32Array;
  readonly rows: number;
  readonly columns: number;
  readonly scaleOffset: number;
}

/** Blocks as a GGUF file has them: what is shared goes behind the values. */
function takeBlocks(format: BlockFormat, blocks: Uint8Array, { packed, rows, columns, scaleOffset }: Blocks): void {
  const inRow = columns / blockSize;
  const blocksOfWidth = paddedWidth(format, columns) / blockSize;
  const sharedBytes = SHARED_BYTES[STORED_AS[format]];
  const valueBytes = BLOCK_BYTES[STORED_AS[format]] - sharedBytes;
  const bytes = new Uint8Array(packed.buffer);
  for (let row = 0, from = 0; row < rows; row++) {
    for (let block = row * blocksOfWidth; block < row * blocksOfWidth + inRow; block++) {
      const values = from + sharedBytes;
      bytes.set(blocks.subarray(from, values), 4 * scaleOffset + block * sharedBytes);
      bytes.set(blocks.subarray(values, values + valueBytes), block * valueBytes);
      from = values + valueBytes;
    }
  }
}

function packBlocks(format: BlockFormat, values: Float32Array, into: Blocks): void {
  const { packed, rows, columns, scaleOffset } = into;
  const width = paddedWidth(format, columns);
  const bytes = new Uint8Array(packed.buffer);
  const scales = new Uint16Array(packed.buffer, 4 * scaleOffset);
  const pack = BLOCK_PACKERS[format];
  for (let row = 0; row < rows; row++) {
    for (let start = 0; start < columns; start += blockSize) {
      const from = row * columns + start;
      const block = (row * width + start) / blockSize;
      pack(values.subarray(from, from + Math.min(blockSize, columns - start)), { bytes, scales, block });
    }
  }
}

/** Where a block goes. */
interface BlockPlace {
  readonly bytes: Uint8Array;
  readonly scales: Uint16Array;
  readonly block: number;
}

/** Values behind the end of a row are zero, or whatever is nearest to that. */
const BLOCK_PACKERS: Readonly<Record<BlockFormat, (values: Float32Array, place: BlockPlace) => void>> = {
  int8: (values, { bytes, scales, block }) => {
    const half = finiteHalf(Math.abs(furthestFromZero(values)) / 127);
    const scale = fromHalf(half);
    scales[block] = half;
    if (scale === 0) return;
    for (let i = 0; i < values.length; i++) {
      bytes[block * blockSize + i] = Math.max(-127, Math.min(127, Math.round((values[i] as number) / scale)));
    }
  },
  int4: (values, { bytes, scales, block }) => {
    const half = finiteHalf(furthestFromZero(values) / -8 || 0);
    const scale = fromHalf(half);
    scales[block] = half;
    putFourBits(bytes, block, (i) => (scale === 0 ? 8 : Math.round((values[i] ?? 0) / scale) + 8));
  },
  q4_1: (values, { bytes, scales, block }) => {
    const least = finiteHalf(values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY));
    const most = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
    const half = finiteHalf((most - fromHalf(least)) / 15);
    const scale = fromHalf(half);
    scales[2 * block] = half;
    scales[2 * block + 1] = least;
    putFourBits(bytes, block, (i) => (scale === 0 ? 0 : Math.round(((values[i] ?? 0) - fromHalf(least)) / scale)));
  },
};

function putFourBits(bytes: Uint8Array, block: number, value: (i: number) => number): void {
  const pairs = blockSize / 2;
  const within = (i: number) => Math.max(0, Math.min(15, value(i)));
  for (let i = 0; i < pairs; i++) bytes[block * pairs + i] = within(i) | (within(i + pairs) << 4);
}

/** The value of greatest magnitude, the first of equals; 0 where there is none. */
function furthestFromZero(values: Float32Array): number {
  let furthest = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(furthest)) furthest = value;
  return furthest;
}

function fromHalf(half: number): number {
  return floatOfHalf()[half] as number;
}
