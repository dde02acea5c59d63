import { floatOfHalf } from '../stored-values.ts';
import { BLOCK_BYTES, type BlockType, GGML_BLOCK } from './tensor-types.ts';

/**
 * The values of blocks, bit for bit those of gguf-py: every product is exact in float32, and the one sum is rounded once.
 * @param bytes whole blocks
 * @param into as many values as the blocks have
 * Source: github.com/ggml-org/llama.cpp, gguf-py/gguf/quants.py; ggml-quants.c, `dequantize_row_q4_0` and its neighbours.
 */
export function dequantize(type: BlockType, bytes: Uint8Array, into: Float32Array): Float32Array {
  switch (type) {
    case 'Q8_0':
      return fromQ8(bytes, into);
    case 'Q4_0':
      return fromQ4Centered(bytes, into);
    case 'Q4_1':
      return fromQ4WithMinimum(bytes, into);
  }
}

/** A byte of four-bit values: the low half is of the block's first 16, the high one of the others. */
const PAIRS = GGML_BLOCK / 2;

/** A scale, then 32 signed bytes. */
function fromQ8(bytes: Uint8Array, into: Float32Array): Float32Array {
  const halves = floatOfHalf();
  const quants = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let block = 0, at = 0; at < bytes.length; block += GGML_BLOCK, at += BLOCK_BYTES.Q8_0) {
    const scale = halves[(bytes[at] as number) | ((bytes[at + 1] as number) << 8)] as number;
    for (let i = 0; i < GGML_BLOCK; i++) into[block + i] = scale * (quants[at + 2 + i] as number);
  }
  return into;
}

/** Q4_0 counts from −8 up in units of its scale; the sign of a zero is the scale's, so that nothing may be added to it. */
function fromQ4Centered(bytes: Uint8Array, into: Float32Array): Float32Array {
  const halves = floatOfHalf();
  for (let block = 0, at = 0; at < bytes.length; block += GGML_BLOCK, at += BLOCK_BYTES.Q4_0) {
    const scale = halves[(bytes[at] as number) | ((bytes[at + 1] as number) << 8)] as number;
    for (let i = 0; i < PAIRS; i++) {
      const two = bytes[at + 2 + i] as number;
      into[block + i] = scale * ((two & 15) - 8);
      into[block + PAIRS + i] = scale * ((two >> 4) - 8);
    }
  }
  return into;
}

/** Q4_1 counts from its minimum up. */
function fromQ4WithMinimum(bytes: Uint8Array, into: Float32Array): Float32Array {
  const halves = floatOfHalf();
  for (let block = 0, at = 0; at < bytes.length; block += GGML_BLOCK, at += BLOCK_BYTES.Q4_1) {
    const scale = halves[(bytes[at] as number) | ((bytes[at + 1] as number) << 8)] as number;
    const minimum = halves[(bytes[at + 2] as number) | ((bytes[at + 3] as number) << 8)] as number;
    for (let i = 0; i < PAIRS; i++) {
      const two = bytes[at + 4 + i] as number;
      into[block + i] = scale * (two & 15) + minimum;
      into[block + PAIRS + i] = scale * (two >> 4) + minimum;
    }
  }
  return into;
}
