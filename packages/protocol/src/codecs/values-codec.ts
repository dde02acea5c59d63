import { ProtocolError } from '../errors.ts';
import { halfTable, toHalf } from './half.ts';
import { type Prelude, readHash, readPrelude, startHeader, writeHash } from './header.ts';
import { int8ByteLength, readInt8, writeInt8 } from './int8-blocks.ts';

const PRELUDE: Prelude = { magic: 'PFDL', version: 1, length: 76, what: 'delta' };

/** DC2; each stands at its code in the format. */
export const wireDtypes = ['f32', 'f16', 'int8'] as const;
export type WireDtype = (typeof wireDtypes)[number];

/** As the wire is: then binary32 numbers are copied and not read one by one, to the same bits. */
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** What a block of values belongs to: both hashes travel in its header. */
export interface ValuesOwner {
  readonly layoutHash: string;
  readonly maskHash: string;
}

/** [UP1] The length of `count` values when encoded: known before a byte has come. */
export function valuesByteLength(count: number, dtype: WireDtype): number {
  return PRELUDE.length + payloadLength(count, dtype);
}

function payloadLength(count: number, dtype: WireDtype): number {
  switch (dtype) {
    case 'f32':
      return 4 * count;
    case 'f16':
      return 2 * count;
    case 'int8':
      return int8ByteLength(count);
  }
}

/**
 * [DC2] Header (76 bytes, little-endian): magic, version, dtype, reserved u16, count u32, layout hash, mask hash.
 * Then the values. In f16 a finite number beyond the range becomes ±65504; NaN and ±Inf stay what they are.
 * In int8 a block with one of those is NaN as a whole.
 */
export function encodeValues(values: Float32Array, dtype: WireDtype, owner: ValuesOwner): Uint8Array {
  const bytes = startHeader(PRELUDE, wireDtypes.indexOf(dtype), payloadLength(values.length, dtype));
  const view = new DataView(bytes.buffer);
  view.setUint32(8, values.length, true);
  writeHash(bytes, 12, owner.layoutHash);
  writeHash(bytes, 44, owner.maskHash);
  let offset = PRELUDE.length;
  switch (dtype) {
    case 'f32':
      if (littleEndian) {
        bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
        return bytes;
      }
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
    case 'int8':
      writeInt8(view, offset, values);
      return bytes;
  }
}

/** [DC2] @returns [count]. @throws ProtocolError `codec-*` for anything but `count` values of this layout and mask */
export function decodeValues(
  bytes: Uint8Array,
  expected: ValuesOwner & { count: number; dtype?: WireDtype },
): Float32Array {
  const { dtype, count, layoutHash, maskHash } = readValuesHeader(bytes);
  if (expected.dtype && dtype !== expected.dtype) {
    throw new ProtocolError('codec-dtype', `The values are ${dtype}; this federation sends ${expected.dtype}.`);
  }
  if (layoutHash !== expected.layoutHash) {
    throw new ProtocolError('codec-layout', 'The values are for another layout than this federation has.');
  }
  if (maskHash !== expected.maskHash) {
    throw new ProtocolError('codec-mask', 'The values are for another mask than the one on file.');
  }
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
  return readValues(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), count, dtype);
}

/** What a block of values says of itself. */
export interface ValuesHeader extends ValuesOwner {
  readonly dtype: WireDtype;
  readonly count: number;
}

/** [DC2] For whoever looks at values of which they do not know whose they are. @throws ProtocolError `codec-*` */
export function readValuesHeader(bytes: Uint8Array): ValuesHeader {
  const { kind, view } = readPrelude(bytes, PRELUDE);
  return {
    dtype: readDtype(kind),
    count: view.getUint32(8, true),
    layoutHash: readHash(bytes, 12),
    maskHash: readHash(bytes, 44),
  };
}

function readDtype(kind: number): WireDtype {
  const dtype = wireDtypes[kind];
  if (dtype) return dtype;
  throw new ProtocolError('codec-dtype', `The type of the values is unknown (${kind}).`);
}

function readValues(view: DataView, count: number, dtype: WireDtype): Float32Array {
  if (dtype === 'int8') return readInt8(view, PRELUDE.length, count);
  const values = new Float32Array(count);
  switch (dtype) {
    case 'f32':
      if (littleEndian) {
        new Uint8Array(values.buffer).set(new Uint8Array(view.buffer, view.byteOffset + PRELUDE.length, 4 * count));
        return values;
      }
      for (let i = 0; i < count; i++) values[i] = view.getFloat32(PRELUDE.length + 4 * i, true);
      return values;
    case 'f16': {
      const table = halfTable();
      for (let i = 0; i < count; i++) values[i] = table[view.getUint16(PRELUDE.length + 2 * i, true)] as number;
      return values;
    }
  }
}
