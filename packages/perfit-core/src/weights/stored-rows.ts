import { dequantize } from './gguf/blocks.ts';
import { BLOCK_BYTES, type BlockType, GGML_BLOCK, isBlockType } from './gguf/tensor-types.ts';
import { type StoredValues, toFloats } from './stored-values.ts';

/** Whole rows as a GGUF file packs them: the bytes of their blocks. */
export interface StoredBlocks {
  readonly dtype: BlockType;
  readonly values: Uint8Array;
}

/** Rows of a matrix as a file holds them. */
export type StoredRows = StoredValues | StoredBlocks;

export function isBlocks(stored: StoredRows): stored is StoredBlocks {
  return isBlockType(stored.dtype);
}

/** How many numbers they are. */
export function valueCount(stored: StoredRows): number {
  return isBlocks(stored) ? (stored.values.length / BLOCK_BYTES[stored.dtype]) * GGML_BLOCK : stored.values.length;
}

/** The rows [from, to) of them. */
export function rowsBetween(stored: StoredRows, columns: number, from: number, to: number): StoredRows {
  const each = isBlocks(stored) ? (columns / GGML_BLOCK) * BLOCK_BYTES[stored.dtype] : columns;
  return { ...stored, values: stored.values.subarray(from * each, to * each) } as StoredRows;
}

/** The values in float32; exact. @param into as many, written where the file holds other bits, and where it is given */
export function rowsToFloats(stored: StoredRows, into?: Float32Array): Float32Array {
  if (!isBlocks(stored)) return toFloats(stored, into);
  return dequantize(stored.dtype, stored.values, into ?? new Float32Array(valueCount(stored)));
}
