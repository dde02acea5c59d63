import type { ModelSource } from '../source.ts';
import { WeightsError } from '../weights-error.ts';
import type { MetadataValue } from './metadata.ts';

/** What is asked of the source at once; most headers are a megabyte or two, for they hold the vocabulary. */
const CHUNK_BYTES = 1 << 20;
/** A vocabulary of a quarter of a million tokens with its merges takes 15 MB. */
const MAX_HEADER_BYTES = 256 << 20;
const MAX_NESTED_ARRAYS = 4;

const ARRAY = 9;
/** Bytes of a value of each type that has a fixed length. */
const FIXED: Readonly<Record<number, number>> = {
  0: 1, // u8
  1: 1, // i8
  2: 2, // u16
  3: 2, // i16
  4: 4, // u32
  5: 4, // i32
  6: 4, // f32
  7: 1, // bool
  10: 8, // u64
  11: 8, // i64
  12: 8, // f64
};
const STRING = 8;
const LENGTH_FIELD = 8;

/** A file from its first byte on, read a chunk at a time as far as it is asked for. Little-endian. */
export class HeaderBytes {
  readonly file: string;
  readonly #source: ModelSource;
  readonly #size: number;
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  readonly #text = new TextDecoder();
  /** Of the next byte. */
  position = 0;

  constructor(source: ModelSource, file: string, size: number) {
    this.#source = source;
    this.file = file;
    this.#size = size;
  }

  invalid(what: string): WeightsError {
    return new WeightsError('weights-invalid-header', `${this.file} cannot be read: ${what}`);
  }

  async u32(): Promise<number> {
    const at = await this.#take(4);
    return this.#view.getUint32(at, true);
  }

  /** @throws WeightsError where it is no number that can be counted with */
  async u64(): Promise<number> {
    const at = await this.#take(8);
    const value = this.#view.getBigUint64(at, true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw this.invalid(`a count or an offset in it is ${value}, more than any file has`);
    return Number(value);
  }

  async string(): Promise<string> {
    const length = await this.u64();
    const at = await this.#take(length);
    return this.#text.decode(this.#bytes.subarray(at, at + length));
  }

  async value(type: number, depth = 0): Promise<MetadataValue> {
    if (type === STRING) return await this.string();
    if (type === ARRAY) return await this.#array(depth);
    const width = FIXED[type];
    if (width === undefined) throw this.invalid(`its metadata has a value of the unknown type ${type}`);
    return this.#fixed(type, await this.#take(width));
  }

  async #array(depth: number): Promise<readonly MetadataValue[]> {
    if (depth === MAX_NESTED_ARRAYS) throw this.invalid('its metadata has arrays in arrays in arrays');
    const type = await this.u32();
    const length = await this.u64();
    const width = FIXED[type];
    // As many values as it claims must be there before a list of them is begun.
    this.#checkRoom(length * (width ?? LENGTH_FIELD));
    const values: MetadataValue[] = [];
    if (width === undefined) {
      for (let i = 0; i < length; i++) values.push(await this.value(type, depth + 1));
      return values;
    }
    const at = await this.#take(length * width);
    for (let i = 0; i < length; i++) values.push(this.#fixed(type, at + i * width));
    return values;
  }

  #fixed(type: number, at: number): number | boolean {
    const view = this.#view;
    switch (type) {
      case 0:
        return view.getUint8(at);
      case 1:
        return view.getInt8(at);
      case 2:
        return view.getUint16(at, true);
      case 3:
        return view.getInt16(at, true);
      case 4:
        return view.getUint32(at, true);
      case 5:
        return view.getInt32(at, true);
      case 6:
        return view.getFloat32(at, true);
      case 7:
        return view.getUint8(at) !== 0;
      case 10:
        return Number(view.getBigUint64(at, true));
      case 11:
        return Number(view.getBigInt64(at, true));
      default:
        return view.getFloat64(at, true);
    }
  }

  /** Makes sure that the next bytes are there. @returns where they lie */
  async #take(count: number): Promise<number> {
    const at = this.position;
    if (at + count > this.#bytes.length) await this.#fill(at + count);
    this.position = at + count;
    return at;
  }

  async #fill(end: number): Promise<void> {
    this.#checkRoom(end - this.position);
    const wanted = Math.min(this.#size, Math.max(end, this.#bytes.length + CHUNK_BYTES, 2 * this.#bytes.length));
    const more = await this.#source.range(this.file, this.#bytes.length, wanted);
    const bytes = new Uint8Array(wanted);
    bytes.set(this.#bytes);
    bytes.set(more, this.#bytes.length);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  #checkRoom(count: number): void {
    const end = this.position + count;
    if (end > this.#size) {
      const message = `${this.file} is ${this.#size} bytes long but its description needs ${end}`;
      throw new WeightsError('weights-truncated', message);
    }
    if (end > MAX_HEADER_BYTES) throw this.invalid(`its description claims ${end} bytes`);
  }
}
