/**
 * Which positions of theta a client owns: an immutable bitset over the layout, bit p of the
 * set at byte p >> 3, bit p & 7 (least significant first). Padding bits are zero.
 */
export class Mask {
  /** N, the length of the layout. */
  readonly size: number;
  /** How many positions are kept. */
  readonly kept: number;
  readonly bytes: Uint8Array;

  private constructor(size: number, bytes: Uint8Array) {
    this.size = size;
    this.bytes = bytes;
    this.kept = countBits(bytes);
  }

  static full(size: number): Mask {
    const bytes = new Uint8Array(byteLength(size)).fill(0xff);
    if (size & 7) bytes[bytes.length - 1] = (1 << (size & 7)) - 1;
    return new Mask(size, bytes);
  }

  static empty(size: number): Mask {
    return new Mask(size, new Uint8Array(byteLength(size)));
  }

  static from(size: number, isKept: (position: number) => boolean): Mask {
    const bytes = new Uint8Array(byteLength(size));
    for (let start = 0; start < size; start += 8) {
      const end = Math.min(start + 8, size);
      let byte = 0;
      for (let p = start; p < end; p++) if (isKept(p)) byte |= 1 << (p & 7);
      bytes[start >> 3] = byte;
    }
    return new Mask(size, bytes);
  }

  /** @throws RangeError where the bytes are not a bitset of this size (wrong length, or padding bits set). */
  static fromBytes(size: number, bytes: Uint8Array): Mask {
    if (bytes.length !== byteLength(size)) {
      throw new RangeError(`a mask of ${size} positions has ${byteLength(size)} bytes, not ${bytes.length}`);
    }
    if (size & 7 && (bytes[bytes.length - 1] as number) >> (size & 7) !== 0) {
      throw new RangeError(`a mask of ${size} positions has bits set behind its end`);
    }
    return new Mask(size, new Uint8Array(bytes));
  }

  has(position: number): boolean {
    return (((this.bytes[position >> 3] as number) >> (position & 7)) & 1) === 1;
  }

  /** kept / N; 0 for an empty layout. */
  get density(): number {
    return this.size === 0 ? 0 : this.kept / this.size;
  }

  // The loops below take the bitset byte by byte and skip what is empty: N is in the millions.

  /** The kept positions, ascending. */
  positions(): Uint32Array {
    const positions = new Uint32Array(this.kept);
    let next = 0;
    for (let i = 0; i < this.bytes.length; i++) {
      for (let byte = this.bytes[i] as number; byte; byte &= byte - 1) positions[next++] = 8 * i + lowestBit(byte);
    }
    return positions;
  }

  /** How many of the positions in [from, to) are kept. */
  keptBetween(from: number, to: number): number {
    let count = 0;
    for (let i = from >> 3; 8 * i < to; i++) {
      let byte = this.bytes[i] as number;
      if (8 * i < from) byte &= 0xff << (from & 7);
      if (8 * i + 8 > to) byte &= (1 << (to & 7)) - 1;
      for (; byte; byte &= byte - 1) count++;
    }
    return count;
  }

  /** The values at kept positions, in layout order. @returns [kept] */
  pack(values: Float32Array): Float32Array {
    this.assertMatches(values, this.size);
    const packed = new Float32Array(this.kept);
    let next = 0;
    for (let i = 0; i < this.bytes.length; i++) {
      let byte = this.bytes[i] as number;
      for (; byte; byte &= byte - 1) packed[next++] = values[8 * i + lowestBit(byte)] as number;
    }
    return packed;
  }

  /** The inverse of {@link pack}: kept positions take the packed values, the others those of `rest` or zero. @returns [N] */
  unpack(packed: Float32Array, rest?: Float32Array): Float32Array {
    this.assertMatches(packed, this.kept);
    if (rest) this.assertMatches(rest, this.size);
    const values = rest ? rest.slice() : new Float32Array(this.size);
    let next = 0;
    for (let i = 0; i < this.bytes.length; i++) {
      let byte = this.bytes[i] as number;
      for (; byte; byte &= byte - 1) values[8 * i + lowestBit(byte)] = packed[next++] as number;
    }
    return values;
  }

  /** m ⊙ values. @returns [N] */
  apply(values: Float32Array): Float32Array {
    this.assertMatches(values, this.size);
    const masked = new Float32Array(this.size);
    for (let i = 0; i < this.bytes.length; i++) {
      for (let byte = this.bytes[i] as number; byte; byte &= byte - 1) {
        const p = 8 * i + lowestBit(byte);
        masked[p] = values[p] as number;
      }
    }
    return masked;
  }

  private assertMatches(values: Float32Array, length: number): void {
    if (values.length !== length) {
      throw new RangeError(
        `${values.length} values do not fit a mask of ${this.size} positions that keeps ${this.kept}`,
      );
    }
  }

  intersection(other: Mask): Mask {
    if (other.size !== this.size) throw new RangeError(`masks of ${this.size} and ${other.size} positions`);
    return new Mask(
      this.size,
      this.bytes.map((byte, i) => byte & (other.bytes[i] as number)),
    );
  }

  equals(other: Mask): boolean {
    return this.size === other.size && this.bytes.every((byte, i) => byte === other.bytes[i]);
  }
}

/** The number of the lowest bit that is set. */
function lowestBit(byte: number): number {
  return 31 - Math.clz32(byte & -byte);
}

/** |a ∩ b| / |a ∪ b|, Jaccard's index; 1 for two empty masks. */
export function maskOverlap(a: Mask, b: Mask): number {
  const both = a.intersection(b).kept;
  const either = a.kept + b.kept - both;
  return either === 0 ? 1 : both / either;
}

function byteLength(size: number): number {
  return (size + 7) >> 3;
}

function countBits(bytes: Uint8Array): number {
  let count = 0;
  for (let byte of bytes) for (; byte; byte &= byte - 1) count++;
  return count;
}
