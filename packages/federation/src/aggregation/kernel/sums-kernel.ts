import { sumsWasm } from './sums-wasm.ts';

/** What sums.wat exports; pointers are byte addresses. */
interface Exports {
  fold(mask: number, maskEnd: number, values: number, sums: number, weights: number, weight: number): number;
  squares(values: number, end: number): number;
}

/** Positions that are staged at once: mask and values of a block stay in the processor's cache. */
export const BLOCK = 1 << 15;
/** What a weight, and the sum of all of them, may be: they are added up in 32 bits. */
export const MAX_WEIGHT = 0xffff_ffff;
/** `squares` takes so many at once. */
const LANES = 8;

const PAGE = 1 << 16;
const MASKS_TABLE = 256;
const STAGED_MASK = 512;
const STAGED_VALUES = STAGED_MASK + BLOCK / 8;
/** `fold` reads up to three values more than there are. */
const SUMS = STAGED_VALUES + 4 * BLOCK + 64;

/**
 * The sums of PF6 in WebAssembly's memory, folded four positions at a time. What lies in `sums` and `weights` is the same,
 * to the bit, as if it had been added position by position.
 */
export class SumsKernel {
  /** Σ w·m⊙Δ, [N]. */
  readonly sums: Float64Array;
  /** Σ w·m, [N]. */
  readonly weights: Uint32Array;
  private readonly exports: Exports;
  private readonly bytes: Uint8Array;
  private readonly values: Float32Array;

  constructor(size: number) {
    // A byte of the mask is eight positions, also the last one.
    const padded = 8 * Math.ceil(size / 8);
    const pages = Math.ceil((SUMS + 12 * padded) / PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.bytes = new Uint8Array(memory.buffer);
    this.values = new Float32Array(memory.buffer, STAGED_VALUES, BLOCK);
    this.sums = new Float64Array(memory.buffer, SUMS, size);
    this.weights = new Uint32Array(memory.buffer, SUMS + 8 * padded, size);
    this.exports = new WebAssembly.Instance(compiled(), { sums: { memory } }).exports as unknown as Exports;
    writeTables(this.bytes);
  }

  /**
   * @param mask the bitset of N positions
   * @param values packed, one for each position that is kept
   * @param weight a whole number; with all before it at most {@link MAX_WEIGHT}
   */
  fold(mask: Uint8Array, values: Float32Array, weight: number): void {
    let taken = 0;
    for (let start = 0; start < this.sums.length; start += BLOCK) {
      const bits = mask.subarray(start >> 3, (start + BLOCK) >> 3);
      this.bytes.set(bits, STAGED_MASK);
      this.values.set(values.subarray(taken, taken + BLOCK));
      const sums = this.sums.byteOffset + 8 * start;
      const weights = this.weights.byteOffset + 4 * start;
      const end = this.exports.fold(STAGED_MASK, STAGED_MASK + bits.length, STAGED_VALUES, sums, weights, weight);
      taken += (end - STAGED_VALUES) / 4;
    }
  }

  /** Σ x², in double precision. @param values at most {@link BLOCK} of them */
  squares(values: Float32Array): number {
    const padded = LANES * Math.ceil(values.length / LANES);
    this.values.set(values);
    this.values.fill(0, values.length, padded);
    return this.exports.squares(STAGED_VALUES, STAGED_VALUES + 4 * padded);
  }
}

let module: WebAssembly.Module | null = null;

function compiled(): WebAssembly.Module {
  module ??= new WebAssembly.Module(Uint8Array.from(atob(sumsWasm), (letter) => letter.charCodeAt(0)));
  return module;
}

function writeTables(bytes: Uint8Array): void {
  for (let quad = 0; quad < 16; quad++) {
    let packed = 0;
    for (let position = 0; position < 4; position++) {
      const isKept = (quad >> position) & 1;
      for (let byte = 0; byte < 4; byte++) {
        const at = 16 * quad + 4 * position + byte;
        bytes[at] = isKept ? 4 * packed + byte : 0x80;
        bytes[MASKS_TABLE + at] = isKept ? 0xff : 0;
      }
      packed += isKept;
    }
  }
}
