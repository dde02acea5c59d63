import { Mask } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';

/** Positions that share a word of a mask on the device. */
export const positionsOfWord = 32;

export function wordsOf(size: number): number {
  return Math.ceil(size / positionsOfWord);
}

/** The mask's bytes as words, bit p at word p >> 5, bit p & 31; padding bits are zero. @returns [⌈N/32⌉] */
function maskWords(mask: Mask): Int32Array {
  const words = new Int32Array(wordsOf(mask.size));
  new Uint8Array(words.buffer).set(mask.bytes);
  return words;
}

/** The inverse of {@link maskWords}. @param words [⌈N/32⌉], padding bits zero */
export function maskOfWords(size: number, words: Int32Array): Mask {
  return Mask.fromBytes(size, new Uint8Array(words.buffer, words.byteOffset, Math.ceil(size / 8)));
}

/** @returns int32 [⌈N/32⌉], read as u32 in WGSL; the caller disposes it */
export function maskTensor(mask: Mask): tf.Tensor1D {
  return tf.tensor1d(maskWords(mask), 'int32');
}
