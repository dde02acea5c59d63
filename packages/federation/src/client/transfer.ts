import {
  type Announce,
  MAX_CHUNK_BYTES,
  ProtocolError,
  type Receipt,
  type RequestOf,
  sha256Hex,
} from '@perfit/protocol';
import type { Ask } from './ask.ts';
import type { Session } from './session.ts';

export interface TransferOptions {
  readonly signal: AbortSignal;
  /** How many bytes the other side has, of how many. */
  readonly onBytes: (bytes: number, total: number) => void;
}

/** After a loss it is announced again: the server says how far it came, or gives the first answer (UP4). */
export function upload(
  session: Session,
  announce: Announce,
  bytes: Uint8Array,
  { signal, onBytes }: TransferOptions,
): Promise<Receipt> {
  return session.persist(signal, (ask) => sendUpload(ask, announce, () => bytes, onBytes));
}

/**
 * [UP1] [UP2] On one connection: announces, sends from the server's offset on in acknowledged chunks, completes.
 * @param bytes is not called where the server has them already
 */
export async function sendUpload(
  ask: Ask,
  announce: Announce,
  bytes: () => Uint8Array,
  onBytes: TransferOptions['onBytes'] = () => {},
): Promise<Receipt> {
  const answer = await ask('announce', announce);
  if (answer.state === 'done') return receiptOf(announce, answer.receipt);
  const content = bytes();
  let offset = answer.offset;
  if (offset > content.length)
    throw new ProtocolError('upload-offset', `The server has ${offset} bytes of ${content.length}.`);
  onBytes(offset, content.length);
  while (offset < content.length) {
    const data = content.slice(offset, offset + MAX_CHUNK_BYTES);
    const taken = await ask('chunk', { upload: answer.upload, offset, data });
    if (taken.offset !== offset + data.length) {
      throw new ProtocolError('upload-offset', `The server is at byte ${taken.offset} after a chunk from ${offset}.`);
    }
    offset = taken.offset;
    onBytes(offset, content.length);
  }
  return receiptOf(announce, await ask('complete', { upload: answer.upload }));
}

/** With the receipt of another mask or round, everything after it would be wrong. A delta's is that of the first (UP4). */
function receiptOf(announce: Announce, receipt: Receipt): Receipt {
  const isFor = announce.kind === 'mask' ? receipt.sha256 === announce.sha256 : receipt.round === announce.round;
  if (receipt.kind === announce.kind && isFor) return receipt;
  throw new ProtocolError(
    'bad-message',
    `The server answered the ${announce.kind} of round ${announce.round} with the receipt of another upload.`,
  );
}

/**
 * A part of theta_g in DC2 form. After a loss it goes on where it was.
 * @param length how long it must be: it follows from layout, mask and dtype
 * @throws ProtocolError `codec-length` | `codec-corrupt` where the server sends something else
 */
export async function download(
  session: Session,
  what: Pick<RequestOf<'download'>, 'what' | 'version'>,
  length: number,
  options: TransferOptions,
): Promise<Uint8Array> {
  const pieces = new Download(what, length, options.onBytes);
  await session.persist(options.signal, (ask) => pieces.fetch(ask));
  return await pieces.whole();
}

/** The same on one connection, as long as that holds. @throws ConnectionLost */
export async function sendDownload(
  ask: Ask,
  what: Pick<RequestOf<'download'>, 'what' | 'version'>,
  length: number,
): Promise<Uint8Array> {
  const pieces = new Download(what, length, () => {});
  await pieces.fetch(ask);
  return await pieces.whole();
}

class Download {
  private readonly what: Pick<RequestOf<'download'>, 'what' | 'version'>;
  private readonly bytes: Uint8Array;
  private readonly onBytes: TransferOptions['onBytes'];
  private offset = 0;
  private sha256: string | null = null;

  constructor(
    what: Pick<RequestOf<'download'>, 'what' | 'version'>,
    length: number,
    onBytes: TransferOptions['onBytes'],
  ) {
    this.what = what;
    this.bytes = new Uint8Array(length);
    this.onBytes = onBytes;
  }

  /** From where it is. */
  async fetch(ask: Ask): Promise<void> {
    const { bytes } = this;
    const { length } = bytes;
    while (this.offset < length) {
      const piece = await ask('download', { ...this.what, offset: this.offset });
      if (piece.total !== length) {
        throw new ProtocolError('codec-length', `The server offers ${piece.total} bytes; ${length} are right.`);
      }
      if (this.sha256 !== null && piece.sha256 !== this.sha256) {
        // The server made the file anew meanwhile: what is here belongs to another one.
        this.sha256 = null;
        this.offset = 0;
        continue;
      }
      if (piece.data.length === 0 || piece.data.length > length - this.offset) {
        throw new ProtocolError(
          'download-range',
          `A piece of ${piece.data.length} bytes came at ${this.offset} of ${length}.`,
        );
      }
      this.sha256 = piece.sha256;
      bytes.set(piece.data, this.offset);
      this.offset += piece.data.length;
      this.onBytes(this.offset, length);
    }
  }

  async whole(): Promise<Uint8Array> {
    if ((await sha256Hex(this.bytes)) === this.sha256) return this.bytes;
    throw new ProtocolError('codec-corrupt', 'What was downloaded is not what the server meant to send.');
  }
}
