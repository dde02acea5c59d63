/** A value of the metadata, with the type that the file says it has. */
export type GgufValue =
  | { readonly type: 'u32' | 'f32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'f32s' | 'i32s'; readonly value: readonly number[] };

/** In the order in which they are written. */
export type GgufMetadata = readonly (readonly [key: string, value: GgufValue])[];

export type GgufTensorType = 'F32' | 'F16' | 'Q8_0';

export interface GgufTensorInfo {
  readonly name: string;
  readonly type: GgufTensorType;
  /** Row-major as everywhere here; the file has it the other way round. */
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** Every tensor begins at a multiple of this many bytes from the first. */
const GGUF_ALIGNMENT = 32;

const VERSION = 3;
const TENSOR_TYPES: Readonly<Record<GgufTensorType, number>> = { F32: 0, F16: 1, Q8_0: 8 };
const ARRAY = 9;
const VALUE_TYPES = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8 } as const;

/** Bytes between a tensor of this length and the next. */
export function padding(bytes: number): number {
  return (GGUF_ALIGNMENT - (bytes % GGUF_ALIGNMENT)) % GGUF_ALIGNMENT;
}

/**
 * What a GGUF file begins with, padded up to its first tensor. The tensors follow in the given order, each padded.
 * Source: github.com/ggml-org/ggml, docs/gguf.md, version 3.
 */
export function ggufHeader(metadata: GgufMetadata, tensors: readonly GgufTensorInfo[]): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter();
  out.bytes(new TextEncoder().encode('GGUF'));
  out.u32(VERSION);
  out.u64(tensors.length);
  out.u64(metadata.length);
  for (const [key, value] of metadata) {
    out.string(key);
    writeValue(out, value);
  }
  let offset = 0;
  for (const { name, type, shape, bytes } of tensors) {
    out.string(name);
    out.u32(shape.length);
    for (const length of shape.toReversed()) out.u64(length);
    out.u32(TENSOR_TYPES[type]);
    out.u64(offset);
    offset += bytes + padding(bytes);
  }
  out.bytes(new Uint8Array(padding(out.length)));
  return out.finish();
}

function writeValue(out: ByteWriter, { type, value }: GgufValue): void {
  switch (type) {
    case 'u32':
      out.u32(VALUE_TYPES.u32);
      out.u32(value);
      return;
    case 'f32':
      out.u32(VALUE_TYPES.f32);
      out.f32(value);
      return;
    case 'bool':
      out.u32(VALUE_TYPES.bool);
      out.bytes(Uint8Array.of(value ? 1 : 0));
      return;
    case 'string':
      out.u32(VALUE_TYPES.string);
      out.string(value);
      return;
    case 'strings':
      out.arrayOf(VALUE_TYPES.string, value.length);
      for (const text of value) out.string(text);
      return;
    case 'f32s':
      out.arrayOf(VALUE_TYPES.f32, value.length);
      for (const number of value) out.f32(number);
      return;
    case 'i32s':
      out.arrayOf(VALUE_TYPES.i32, value.length);
      for (const number of value) out.i32(number);
      return;
  }
}

/** Little-endian bytes in a buffer that grows. */
class ByteWriter {
  #buffer = new Uint8Array(1 << 16);
  #view = new DataView(this.#buffer.buffer);
  length = 0;

  u32(value: number): void {
    const at = this.#take(4);
    this.#view.setUint32(at, value, true);
  }

  i32(value: number): void {
    const at = this.#take(4);
    this.#view.setInt32(at, value, true);
  }

  f32(value: number): void {
    const at = this.#take(4);
    this.#view.setFloat32(at, value, true);
  }

  u64(value: number): void {
    const at = this.#take(8);
    this.#view.setBigUint64(at, BigInt(value), true);
  }

  bytes(bytes: Uint8Array): void {
    const at = this.#take(bytes.length);
    this.#buffer.set(bytes, at);
  }

  string(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.u64(bytes.length);
    this.bytes(bytes);
  }

  arrayOf(type: number, length: number): void {
    this.u32(ARRAY);
    this.u32(type);
    this.u64(length);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.length);
  }

  /** Makes room, perhaps in another buffer. @returns where the bytes go */
  #take(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(this.length, 2 * this.#buffer.length));
      grown.set(this.#buffer);
      this.#buffer = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}
