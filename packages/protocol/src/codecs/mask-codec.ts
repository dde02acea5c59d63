import { ProtocolError } from '../errors.ts';
import { Mask } from '../space/mask.ts';
import { type Prelude, readHash, readPrelude, startHeader, writeHash } from './header.ts';
import { sha256Hex } from './sha256.ts';

const PRELUDE: Prelude = { magic: 'PFMK', version: 1, length: 48, what: 'mask' };
const PACKED = 0;
const DEFLATE_RAW = 1;

/**
 * [DC1] Header (48 bytes, little-endian): magic, version, encoding, reserved u16, N u32, kept u32, layout hash.
 * Then the bitset, as it is or deflated (RFC 1951), whichever is smaller.
 */
export async function encodeMask(mask: Mask, layoutHash: string): Promise<Uint8Array> {
  const deflated = await deflateRaw(mask.bytes);
  const isSmaller = deflated.length < mask.bytes.length;
  const payload = isSmaller ? deflated : mask.bytes;
  const bytes = startHeader(PRELUDE, isSmaller ? DEFLATE_RAW : PACKED, payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, mask.size, true);
  view.setUint32(12, mask.kept, true);
  writeHash(bytes, 16, layoutHash);
  bytes.set(payload, PRELUDE.length);
  return bytes;
}

/** [DC1] @throws ProtocolError `codec-*` for anything but a mask of this layout */
export async function decodeMask(bytes: Uint8Array, expected: { layoutHash: string; size: number }): Promise<Mask> {
  const { kind, view } = readPrelude(bytes, PRELUDE);
  const size = view.getUint32(8, true);
  const kept = view.getUint32(12, true);
  if (readHash(bytes, 16) !== expected.layoutHash) {
    throw new ProtocolError('codec-layout', 'The mask is for another layout than this federation has.');
  }
  if (size !== expected.size) {
    throw new ProtocolError('codec-length', `The mask has ${size} positions; the layout has ${expected.size}.`);
  }
  const bits = await readBits(bytes.subarray(PRELUDE.length), kind, Math.ceil(size / 8));
  const mask = readMask(size, bits);
  if (mask.kept !== kept) {
    throw new ProtocolError('codec-corrupt', `The mask says that it keeps ${kept} positions, but keeps ${mask.kept}.`);
  }
  return mask;
}

/** What an encoded mask says of itself. */
export interface MaskHeader {
  /** N. */
  readonly size: number;
  readonly kept: number;
  readonly layoutHash: string;
}

/** [DC1] For whoever looks at a mask of which they do not know the layout. @throws ProtocolError `codec-*` */
export function readMaskHeader(bytes: Uint8Array): MaskHeader {
  const { view } = readPrelude(bytes, PRELUDE);
  return { size: view.getUint32(8, true), kept: view.getUint32(12, true), layoutHash: readHash(bytes, 16) };
}

/** [UP1] No mask of N positions is longer when encoded. */
export function maskByteLimit(size: number): number {
  return PRELUDE.length + Math.ceil(size / 8);
}

/** [DC2] What names a mask: SHA-256 over N (u32, little-endian) and the bitset, 64 hexadecimal digits. */
export async function maskHash(mask: Mask): Promise<string> {
  const bytes = new Uint8Array(4 + mask.bytes.length);
  new DataView(bytes.buffer).setUint32(0, mask.size, true);
  bytes.set(mask.bytes, 4);
  return sha256Hex(bytes);
}

async function readBits(payload: Uint8Array, encoding: number, length: number): Promise<Uint8Array> {
  switch (encoding) {
    case PACKED:
      return payload;
    case DEFLATE_RAW:
      return inflateRaw(payload, length);
    default:
      throw new ProtocolError('codec-corrupt', `The mask has the unknown encoding ${encoding}.`);
  }
}

function readMask(size: number, bits: Uint8Array): Mask {
  const length = Math.ceil(size / 8);
  if (bits.length < length) {
    throw new ProtocolError('codec-truncated', `The bitset has ${bits.length} bytes; ${length} are needed.`);
  }
  if (bits.length > length) {
    throw new ProtocolError('codec-length', `The bitset is longer than the ${length} bytes that it needs.`);
  }
  try {
    return Mask.fromBytes(size, bits);
  } catch {
    throw new ProtocolError('codec-corrupt', 'The mask has bits set behind its end.');
  }
}

async function deflateRaw(bytes: Uint8Array): Promise<Uint8Array> {
  const deflated = new Blob([bytes as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new CompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(deflated).arrayBuffer());
}

/** Reads at most one piece more than `length` bytes, then stops: a small upload cannot fill the memory. */
async function inflateRaw(payload: Uint8Array, length: number): Promise<Uint8Array> {
  const inflated = new Uint8Array(length + 1);
  let filled = 0;
  const source = new Blob([payload as Uint8Array<ArrayBuffer>]).stream();
  const reader = source.pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  try {
    while (filled <= length) {
      const { done, value } = await reader.read();
      if (done) return inflated.subarray(0, filled);
      const taken = value.subarray(0, inflated.length - filled);
      inflated.set(taken, filled);
      filled += taken.length;
    }
  } catch {
    throw new ProtocolError('codec-corrupt', 'The deflated bitset cannot be inflated.');
  }
  reader.cancel().catch(() => {});
  return inflated;
}
