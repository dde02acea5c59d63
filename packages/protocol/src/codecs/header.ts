import { ProtocolError } from '../errors.ts';
import { fromHex, toHex } from './sha256.ts';

/** The first eight bytes of every binary of this protocol: magic, version, a kind, two reserved zeros. */
export interface Prelude {
  readonly magic: string;
  readonly version: number;
  /** The fixed header's length with the prelude. */
  readonly length: number;
  /** What the binary is called in a sentence for a person. */
  readonly what: string;
}

export function startHeader(prelude: Prelude, kind: number, payloadLength: number): Uint8Array {
  const bytes = new Uint8Array(prelude.length + payloadLength);
  bytes.set(Uint8Array.from(prelude.magic, (letter) => letter.charCodeAt(0)));
  bytes[4] = prelude.version;
  bytes[5] = kind;
  return bytes;
}

/** Checks the prelude. @returns the kind byte and a view of the whole. @throws ProtocolError `codec-*` */
export function readPrelude(bytes: Uint8Array, prelude: Prelude): { kind: number; view: DataView } {
  const { magic, version, length, what } = prelude;
  if (bytes.length < length) {
    throw new ProtocolError(
      'codec-truncated',
      `The ${what} has ${bytes.length} bytes; its header alone has ${length}.`,
    );
  }
  if (String.fromCharCode(...bytes.subarray(0, 4)) !== magic) {
    throw new ProtocolError('codec-magic', `These bytes are not a ${what}: they do not start with ${magic}.`);
  }
  if (bytes[4] !== version) {
    throw new ProtocolError('codec-version', `The ${what} has format ${bytes[4]}; this peer reads ${version}.`);
  }
  if (bytes[6] !== 0 || bytes[7] !== 0) {
    throw new ProtocolError('codec-corrupt', `The reserved bytes of the ${what} are not zero.`);
  }
  return { kind: bytes[5] as number, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

export function writeHash(bytes: Uint8Array, offset: number, hash: string): void {
  if (!/^[0-9a-f]{64}$/.test(hash)) throw new RangeError(`not a SHA-256 in hexadecimal digits: ${hash}`);
  bytes.set(fromHex(hash), offset);
}

export function readHash(bytes: Uint8Array, offset: number): string {
  return toHex(bytes.subarray(offset, offset + 32));
}
