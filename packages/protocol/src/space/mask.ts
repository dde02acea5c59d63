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
    for (let p = 0; p < size; p++) if (isKept(p)) bytes[p >> 3] = (bytes[p >> 3] as number) | (1 << (p & 7));
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
    return new Mask(size, bytes.slice());
  }

  has(position: number): boolean {
    return (((this.bytes[position >> 3] as number) >> (position & 7)) & 1) === 1;
  }

  /** kept / N; 0 for an empty layout. */
  get density(): number {
    return this.size === 0 ? 0 : this.kept / this.size;
  }

  /** The kept positions, ascending. */
  positions(): Uint32Array {
    const positions = new Uint32Array(this.kept);
    let next = 0;
    for (let p = 0; p < this.size; p++) if (this.has(p)) positions[next++] = p;
    return positions;
  }

  /** The values at kept positions, in layout order. @returns [kept] */
  pack(values: Float32Array): Float32Array {
    const packed = new Float32Array(this.kept);
    let next = 0;
    for (let p = 0; p < this.size; p++) if (this.has(p)) packed[next++] = values[p] as number;
    return packed;
  }

  /** The inverse of {@link pack}: kept positions take the packed values, the others those of `rest` or zero. @returns [N] */
  unpack(packed: Float32Array, rest?: Float32Array): Float32Array {
    const values = rest ? rest.slice() : new Float32Array(this.size);
    let next = 0;
    for (let p = 0; p < this.size; p++) if (this.has(p)) values[p] = packed[next++] as number;
    return values;
  }

  /** m ⊙ values. @returns [N] */
  apply(values: Float32Array): Float32Array {
    const masked = new Float32Array(this.size);
    for (let p = 0; p < this.size; p++) if (this.has(p)) masked[p] = values[p] as number;
    return masked;
  }

  intersection(other: Mask): Mask {
    return new Mask(
      this.size,
      this.bytes.map((byte, i) => byte & (other.bytes[i] as number)),
    );
  }

  equals(other: Mask): boolean {
    return this.size === other.size && this.bytes.every((byte, i) => byte === other.bytes[i]);
  }
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
