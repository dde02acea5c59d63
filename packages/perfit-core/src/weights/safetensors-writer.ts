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

/**
 * A whole safetensors file: the length of the header in 8 bytes, the header padded to 8 bytes, the tensors end to end,
 * by name.
 * @throws RangeError where a shape does not fit its values, or a name comes twice
 * Source: github.com/huggingface/safetensors, "Format".
 */
export function writeSafetensors(
  tensors: readonly TensorToWrite[],
  { dtype = 'F32', metadata = { format: 'pt' } }: WriteOptions = {},
): Uint8Array {
  const sorted = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  const width = dtype === 'F32' ? 4 : 2;
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  let end = 0;
  sorted.forEach(({ name, shape, values }, i) => {
    const size = shape.reduce((product, length) => product * length, 1);
    if (size !== values.length) {
      throw new RangeError(`the tensor ${name} of shape [${shape.join(', ')}] has ${values.length} values`);
    }
    if (name === '__metadata__' || name === sorted[i + 1]?.name) throw new RangeError(`the name ${name} is taken`);
    const start = end;
    end += size * width;
    entries.push([name, { dtype, shape, data_offsets: [start, end] }]);
  });
  // Built from entries, so that a tensor may be called as properties of objects are.
  const json = `{${entries.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(',')}}`;
  const header = new TextEncoder().encode(json);
  const headerLength = Math.ceil(header.length / 8) * 8;
  const file = new Uint8Array(8 + headerLength + end);
  const view = new DataView(file.buffer);
  view.setBigUint64(0, BigInt(headerLength), true);
  file.fill(0x20, 8, 8 + headerLength);
  file.set(header, 8);
  let at = 8 + headerLength;
  for (const { values } of sorted) {
    for (const value of values) {
      if (dtype === 'F32') view.setFloat32(at, value, true);
      else view.setUint16(at, dtype === 'F16' ? float32ToFloat16(value) : float32ToBfloat16(value), true);
      at += width;
    }
  }
  return file;
}

const scratch = new DataView(new ArrayBuffer(4));

function bitsOf(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}

/** The upper half of a float32, rounded to nearest, ties to even; NaN stays NaN. */
export function float32ToBfloat16(value: number): number {
  const bits = bitsOf(value);
  if (Number.isNaN(value)) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** IEEE 754 binary16, rounded to nearest, ties to even; what is too large becomes infinite. */
export function float32ToFloat16(value: number): number {
  const bits = bitsOf(value);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520 and above round to infinity
  if (magnitude < 0x38800000) {
    // Below 2^-14 the halves are multiples of 2^-24; the product is exact.
    return sign | roundHalfEven(Math.abs(value) * 2 ** 24);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
