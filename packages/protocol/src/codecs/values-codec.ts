import { ProtocolError } from '../errors.ts';
import { halfTable, toHalf } from './half.ts';
import { type Prelude, readHash, readPrelude, startHeader, writeHash } from './header.ts';

const PRELUDE: Prelude = { magic: 'PFDL', version: 1, length: 76, what: 'delta' };

/** DC2; `int8` has its code in the format, but nobody speaks it yet. */
export type WireDtype = 'f32' | 'f16';
const codes: Record<WireDtype, number> = { f32: 0, f16: 1 };
const INT8 = 2;
const widths: Record<WireDtype, number> = { f32: 4, f16: 2 };

/** What a block of values belongs to: both hashes travel in its header. */
export interface ValuesOwner {
  readonly layoutHash: string;
  readonly maskHash: string;
}

/** [UP1] The length of `count` values when encoded: known before a byte has come. */
export function valuesByteLength(count: number, dtype: WireDtype): number {
  return PRELUDE.length + count * widths[dtype];
}

/**
 * [DC2] Header (76 bytes, little-endian): magic, version, dtype, reserved u16, count u32, layout hash, mask hash.
 * Then the values. In f16 a finite number beyond the range becomes ±65504; NaN and ±Inf stay what they are.
 */
export function encodeValues(values: Float32Array, dtype: WireDtype, owner: ValuesOwner): Uint8Array {
  const bytes = startHeader(PRELUDE, codes[dtype], values.length * widths[dtype]);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, values.length, true);
  writeHash(bytes, 12, owner.layoutHash);
  writeHash(bytes, 44, owner.maskHash);
  let offset = PRELUDE.length;
  switch (dtype) {
    case 'f32':
      for (const value of values) {
        view.setFloat32(offset, value, true);
        offset += 4;
      }
      return bytes;
    case 'f16':
      for (const value of values) {
        view.setUint16(offset, toHalf(value), true);
        offset += 2;
      }
      return bytes;
  }
}

/** [DC2] @returns [count]. @throws ProtocolError `codec-*` for anything but `count` values of this layout and mask */
export function decodeValues(
  bytes: Uint8Array,
  expected: ValuesOwner & { count: number; dtype?: WireDtype },
): Float32Array {
  const { kind, view } = readPrelude(bytes, PRELUDE);
  const dtype = readDtype(kind);
  if (expected.dtype && dtype !== expected.dtype) {
    throw new ProtocolError('codec-dtype', `The values are ${dtype}; this federation sends ${expected.dtype}.`);
  }
  if (readHash(bytes, 12) !== expected.layoutHash) {
    throw new ProtocolError('codec-layout', 'The values are for another layout than this federation has.');
  }
  if (readHash(bytes, 44) !== expected.maskHash) {
    throw new ProtocolError('codec-mask', 'The values are for another mask than the one on file.');
  }
  const count = view.getUint32(8, true);
  if (count !== expected.count) {
    throw new ProtocolError('codec-length', `There are ${count} values; the mask keeps ${expected.count}.`);
  }
  const length = valuesByteLength(count, dtype);
  if (bytes.length < length) {
    throw new ProtocolError('codec-truncated', `The values have ${bytes.length} bytes; ${length} are needed.`);
  }
  if (bytes.length > length) {
    throw new ProtocolError('codec-length', `The values have ${bytes.length} bytes; ${length} are all there are.`);
  }
  return readValues(view, count, dtype);
}

function readDtype(kind: number): WireDtype {
  for (const dtype of ['f32', 'f16'] as const) if (codes[dtype] === kind) return dtype;
  const name = kind === INT8 ? 'int8, which this peer does not read' : `unknown (${kind})`;
  throw new ProtocolError('codec-dtype', `The type of the values is ${name}.`);
}

function readValues(view: DataView, count: number, dtype: WireDtype): Float32Array {
  const values = new Float32Array(count);
  switch (dtype) {
    case 'f32':
      for (let i = 0; i < count; i++) values[i] = view.getFloat32(PRELUDE.length + 4 * i, true);
      return values;
    case 'f16': {
      const table = halfTable();
      for (let i = 0; i < count; i++) values[i] = table[view.getUint16(PRELUDE.length + 2 * i, true)] as number;
      return values;
    }
  }
}
