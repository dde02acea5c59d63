/** A tensor to be written; values are given in float32, row-major. */
export interface TensorToWrite {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface WriteOptions {
  /** Narrower types round to nearest, ties to even. */
  readonly dtype?: 'F32' | 'F16' | 'BF16';
  /** `format: pt` is what Python's loaders look for. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What the header says of one tensor. */
export interface TensorDescription {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/**
 * A whole safetensors file: the header, then the tensors end to end, by name.
 * @throws RangeError where a shape does not fit its values, or a name comes twice
 */
export function writeSafetensors(
  tensors: readonly TensorToWrite[],
  { dtype = 'F32', metadata = { format: 'pt' } }: WriteOptions = {},
): Uint8Array {
  const sorted = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  const width = dtype === 'F32' ? 4 : 2;
  for (const { name, shape, values } of sorted) {
    if (shape.reduce((product, length) => product * length, 1) === values.length) continue;
    throw new RangeError(`the tensor ${name} of shape [${shape.join(', ')}] has ${values.length} values`);
  }
  const described = sorted.map(({ name, shape, values }) => ({ name, dtype, shape, bytes: values.length * width }));
  const header = safetensorsHeader(described, metadata);
  const file = new Uint8Array(described.reduce((sum, { bytes }) => sum + bytes, header.length));
  file.set(header);
  const view = new DataView(file.buffer);
  let at = header.length;
  for (const { values } of sorted) {
    for (const value of values) {
      if (dtype === 'F32') view.setFloat32(at, value, true);
      else view.setUint16(at, dtype === 'F16' ? float32ToFloat16(value) : float32ToBfloat16(value), true);
      at += width;
    }
  }
  return file;
}

/**
 * What a safetensors file begins with: the length of the header in 8 bytes, the header padded to 8 bytes. The tensors
 * follow end to end in the given order.
 * @throws RangeError where a name comes twice
 * Source: github.com/huggingface/safetensors, "Format".
 */
export function safetensorsHeader(
  tensors: readonly TensorDescription[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Uint8Array<ArrayBuffer> {
  const entries = new Map<string, unknown>([['__metadata__', metadata]]);
  let end = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    if (entries.has(name)) throw new RangeError(`the name ${name} is taken`);
    entries.set(name, { dtype, shape, data_offsets: [end, end + bytes] });
    end += bytes;
  }
  // Built from entries, so that a tensor may be called as properties of objects are.
  const json = `{${[...entries].map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(',')}}`;
  const text = new TextEncoder().encode(json);
  const header = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20, 8);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(text, 8);
  return header;
}

const scratch = new DataView(new ArrayBuffer(4));

function bitsOf(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}

/** The upper half of a float32, rounded to nearest, ties to even; NaN stays NaN. */
export function float32ToBfloat16(value: number): number {
  return bfloat16OfBits(bitsOf(value));
}

/** IEEE 754 binary16, rounded to nearest, ties to even; what is too large becomes infinite. */
export function float32ToFloat16(value: number): number {
  return float16OfBits(bitsOf(value));
}

/** {@link float32ToBfloat16} of every value. */
export function narrowToBfloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  return narrow(values, bfloat16OfBits);
}

/** {@link float32ToFloat16} of every value. */
export function narrowToFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  return narrow(values, float16OfBits);
}

function narrow(values: Float32Array, ofBits: (bits: number) => number): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < halves.length; i++) halves[i] = ofBits(bits[i] as number);
  return halves;
}

function bfloat16OfBits(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

function float16OfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520 and above round to infinity
  if (magnitude < 0x38800000) {
    // Below 2^-14 the halves are multiples of 2^-24; the product is exact.
    return sign | roundHalfEven(((magnitude & 0x7fffff) | 0x800000) * 2 ** ((magnitude >>> 23) - 126));
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
