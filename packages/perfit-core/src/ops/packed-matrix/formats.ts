import { finiteHalf, floatOfHalf, type StoredValues, toFloats, toHalves } from '../../weights/stored-values.ts';

/** How a frozen weight is stored on the device. */
export type Precision = 'f32' | 'f16' | 'int8' | 'int4';

export const PRECISIONS = ['f32', 'f16', 'int8', 'int4'] as const satisfies readonly Precision[];

/** Values that share a scale in int8 and int4, along a row. */
export const blockSize = 32;

/** Rows are padded with zeros to a multiple of this many values, so that no word and no block straddles two rows. */
export function paddedWidth(columns: number): number {
  return Math.ceil(columns / blockSize) * blockSize;
}

/** 4-byte words of `rows` rows: the values, then (int8 and int4) the scales as f16 pairs. */
export function packedWords(precision: Precision, rows: number, columns: number) {
  const values = rows * paddedWidth(columns);
  const scales = Math.ceil(values / blockSize / 2);
  switch (precision) {
    case 'f32':
      return { values, scales: 0 };
    case 'f16':
      return { values: values / 2, scales: 0 };
    case 'int8':
      return { values: values / 4, scales };
    case 'int4':
      return { values: values / 8, scales };
  }
}

/**
 * Packs rows of a matrix, row-major [rows, columns].
 * f16: pairs, the first in the low half. int8: q/127 of the block's greatest magnitude, which is the scale. int4: q − 8 in
 * units of the scale, which takes the value of greatest magnitude to −8, as llama.cpp's Q4_0.
 * @param scratch where the result lies then, good until the next call with it
 * @returns values, then scales; {@link packedWords} long
 */
export function packRows(
  precision: Precision,
  stored: StoredValues,
  { rows, columns }: { rows: number; columns: number },
  scratch = new PackScratch(),
): Uint32Array {
  const words = packedWords(precision, rows, columns);
  const packed = scratch.words(words.values + words.scales);
  const floats = () => toFloats(stored, scratch.floats(stored.dtype === 'F32' ? 0 : stored.values.length));
  if (precision === 'f32') padRows(floats(), new Float32Array(packed.buffer), columns);
  else if (precision === 'f16') packHalves(stored, new Uint16Array(packed.buffer), columns);
  else packBlocks(precision, floats(), { packed, rows, columns, scaleOffset: words.values });
  return packed;
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

function packHalves(stored: StoredValues, packed: Uint16Array, columns: number): void {
  if (paddedWidth(columns) === columns) toHalves(stored, packed);
  else padRows(toHalves(stored), packed, columns);
}

function padRows(values: Float32Array | Uint16Array, packed: Float32Array | Uint16Array, columns: number): void {
  const width = paddedWidth(columns);
  for (let from = 0, to = 0; from < values.length; from += columns, to += width) {
    packed.set(values.subarray(from, from + columns), to);
  }
}

/** What the device computes with, given what {@link packRows} made of a matrix. @returns [rows, columns] row-major */
export function unpackRows(precision: Precision, packed: Uint32Array, rows: number, columns: number): Float32Array {
  const width = paddedWidth(columns);
  const { values: scaleOffset } = packedWords(precision, rows, columns);
  const floats = new Float32Array(packed.buffer, packed.byteOffset, packed.length);
  const words16 = new Uint16Array(packed.buffer, packed.byteOffset, packed.length * 2);
  const bytes = new Int8Array(packed.buffer, packed.byteOffset, packed.length * 4);
  const scaleOf = (index: number) => fromHalf(words16[2 * scaleOffset + Math.floor(index / blockSize)] as number);
  const at = (index: number): number => {
    switch (precision) {
      case 'f32':
        return floats[index] as number;
      case 'f16':
        return fromHalf(words16[index] as number);
      case 'int8':
        return ((bytes[index] as number) / 127) * scaleOf(index);
      case 'int4':
        return ((((packed[index >>> 3] as number) >>> (4 * (index & 7))) & 15) - 8) * scaleOf(index);
    }
  };
  return Float32Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns) * width + (i % columns)));
}

function packBlocks(
  precision: 'int8' | 'int4',
  values: Float32Array,
  into: { packed: Uint32Array; rows: number; columns: number; scaleOffset: number },
): void {
  const { packed, rows, columns, scaleOffset } = into;
  const width = paddedWidth(columns);
  const bytes = new Int8Array(packed.buffer);
  const scales = new Uint16Array(packed.buffer, 4 * scaleOffset);
  for (let row = 0; row < rows; row++) {
    for (let start = 0; start < width; start += blockSize) {
      const from = row * columns + start;
      const to = from + Math.max(0, Math.min(blockSize, columns - start));
      const furthest = furthestFromZero(values, from, to);
      const index = row * width + start;
      const half = finiteHalf(precision === 'int8' ? Math.abs(furthest) : furthest / -8 || 0);
      const scale = fromHalf(half);
      scales[index / blockSize] = half;
      for (let k = 0; k < blockSize; k++) {
        const value = scale === 0 || from + k >= to ? 0 : (values[from + k] as number) / scale;
        if (precision === 'int8') bytes[index + k] = Math.max(-127, Math.min(127, Math.round(value * 127)));
        else {
          const nibble = Math.max(0, Math.min(15, Math.round(value) + 8));
          const word = (index + k) >>> 3;
          packed[word] = ((packed[word] as number) | (nibble << (4 * ((index + k) & 7)))) >>> 0;
        }
      }
    }
  }
}

/** The value of greatest magnitude in [from, to), the first of equals; 0 where there is none. */
function furthestFromZero(values: Float32Array, from: number, to: number): number {
  let furthest = 0;
  for (let i = from; i < to; i++) {
    const value = values[i] as number;
    if (Math.abs(value) > Math.abs(furthest)) furthest = value;
  }
  return furthest;
}

function fromHalf(half: number): number {
  return floatOfHalf()[half] as number;
}
