import {
  type Announce,
  MAX_CHUNK_BYTES,
  maskByteLimit,
  ProtocolError,
  type Receipt,
  sha256Hex,
  type ValueOf,
  valuesByteLength,
} from '@perfit/protocol';
import type { TimerClock } from './clock.ts';
import type { FederationRoom } from './federation-room.ts';
import type { UploadFile } from './ports.ts';
import { SerialQueue } from './serial-queue.ts';

/** What an upload may take at least, and how slow it may be; a slower one gives its slot up and is announced again. */
const MIN_TIME_MS = 60_000;
const SLOWEST_BYTES_PER_SECOND = 4096;

/** Uploads under way in the whole process; beyond it clients are asked to come again. */
export class UploadSlots {
  readonly capacity: number;
  private readonly clock: TimerClock;
  private taken = 0;

  constructor(capacity: number, clock: TimerClock) {
    this.capacity = capacity;
    this.clock = clock;
  }

  /** Whoever drips must not hold a slot for ever. @returns a function that cancels it */
  onTooSlow(bytes: number, run: () => void): () => void {
    return this.clock.after(MIN_TIME_MS + (1000 * bytes) / SLOWEST_BYTES_PER_SECOND, run);
  }

  /** @throws ProtocolError `upload-busy` */
  assertFree(): void {
    if (this.taken >= this.capacity) {
      throw new ProtocolError('upload-busy', 'Too many uploads are under way; try again in a few seconds.', {
        // Whoever is sent away at the same time shall not come back at the same time.
        retryAfterMs: 1_000 + Math.floor(3_000 * Math.random()),
      });
    }
  }

  /** @throws ProtocolError `upload-busy` */
  take(): void {
    this.assertFree();
    this.taken++;
  }

  giveBack(): void {
    this.taken--;
  }
}

interface Upload {
  readonly id: string;
  readonly message: Announce;
  readonly file: UploadFile;
  readonly queue: SerialQueue;
  offset: number;
  cancelDeadline: () => void;
}

/**
 * [UP1] [UP2] The uploads of one client's connection. What has come lies in a file whose name follows from federation, client,
 * round and content, so that another connection, or another process, goes on at its end.
 */
export class UploadService {
  private readonly room: FederationRoom;
  private readonly client: string;
  private readonly slots: UploadSlots;
  /** At most one of each kind. */
  private readonly open = new Map<Announce['kind'], Upload>();
  private readonly queue = new SerialQueue();
  /** Answers of this connection, for a `complete` whose answer was lost. */
  private readonly receipts = new Map<string, Receipt>();

  constructor(room: FederationRoom, client: string, slots: UploadSlots) {
    this.room = room;
    this.client = client;
    this.slots = slots;
  }

  announce(message: Announce): Promise<ValueOf<'announce'>> {
    return this.queue.run(async () => {
      // Before the database is asked: hundreds who wait for their turn ask again and again.
      if (!this.open.has(message.kind)) this.slots.assertFree();
      const receipt = await this.admit(message);
      if (receipt) return { state: 'done', receipt };
      const upload = await this.begin(message);
      return { state: 'send', upload: upload.id, offset: upload.offset };
    });
  }

  chunk({ upload: id, offset, data }: { upload: string; offset: number; data: Uint8Array }): Promise<ValueOf<'chunk'>> {
    const upload = this.find(id);
    return upload.queue.run(async () => {
      const { bytes } = upload.message;
      if (data.length === 0 || data.length > MAX_CHUNK_BYTES) {
        throw new ProtocolError('upload-size', `A chunk has 1 to ${MAX_CHUNK_BYTES} bytes, not ${data.length}.`);
      }
      if (offset + data.length > bytes) {
        throw new ProtocolError('upload-size', `The chunk ends behind the ${bytes} bytes that were announced.`);
      }
      // A chunk that came before its answer was lost.
      if (offset + data.length <= upload.offset) return { offset: upload.offset };
      if (offset !== upload.offset) {
        const text = `The upload stands at byte ${upload.offset}; the chunk starts at ${offset}.`;
        throw new ProtocolError('upload-offset', text, { offset: upload.offset });
      }
      // Its time may have run out while the chunk before it was written.
      this.find(id);
      const written = await upload.file.write(data, offset);
      upload.offset += written;
      this.room.traffic.add(this.client, 'up', written);
      // A disk that becomes full takes a part; the client goes on behind it.
      if (written === 0) {
        throw new ProtocolError(
          'storage-failed',
          'The disk of the coordinator takes no more. It may be tried again later.',
        );
      }
      return { offset: upload.offset };
    });
  }

  async complete({ upload: id }: { upload: string }): Promise<Receipt> {
    const known = this.receipts.get(id);
    if (known) return known;
    const upload = this.find(id);
    return upload.queue.run(async () => {
      const repeated = this.receipts.get(id);
      if (repeated) return repeated;
      const { bytes, sha256 } = upload.message;
      if (upload.offset < bytes) {
        throw new ProtocolError('upload-offset', `Only ${upload.offset} of ${bytes} bytes have come.`, {
          offset: upload.offset,
        });
      }
      const content = await upload.file.read().catch(async () => {
        // Another connection of this client has just finished the same upload, or the round was discarded. Announced
        // again it begins anew.
        await this.end(upload, { remove: false });
        throw new ProtocolError('upload-unknown', 'The upload is gone; announce it again.');
      });
      try {
        if ((await sha256Hex(content)) !== sha256) {
          throw new ProtocolError('upload-hash', 'What came is not what was announced: its SHA-256 is another.');
        }
        const receipt = await this.take(upload, content);
        this.receipts.set(id, receipt);
        return receipt;
      } catch (error) {
        if (error instanceof ProtocolError) await this.room.intake.noteRefusal(this.client, upload.message, error);
        throw error;
      } finally {
        await this.end(upload, { remove: true });
      }
    });
  }

  /** The connection is gone: what has come stays on disk. */
  async close(): Promise<void> {
    await this.queue.idle();
    for (const upload of [...this.open.values()]) await upload.queue.run(() => this.end(upload, { remove: false }));
  }

  /** [UP1] [UP4] Refused before its bytes, or already here. */
  private async admit(message: Announce): Promise<Receipt | null> {
    const { layout, config } = this.room.space;
    if (message.kind === 'mask') {
      const most = maskByteLimit(layout.size);
      if (message.bytes > most) {
        throw new ProtocolError('upload-size', `A mask of this layout has at most ${most} bytes.`, { most });
      }
      return this.room.intake.admitMask(this.client, message);
    }
    const admitted = await this.room.intake.admitDelta(this.client, message);
    if ('receipt' in admitted) return admitted.receipt;
    const expected = valuesByteLength(admitted.kept, config.wire.dtype);
    if (message.bytes !== expected) {
      const text = `A delta of ${admitted.kept} values has ${expected} bytes in ${config.wire.dtype}, not ${message.bytes}.`;
      throw new ProtocolError('upload-size', text, { expected });
    }
    return null;
  }

  private async begin(message: Announce): Promise<Upload> {
    const before = this.open.get(message.kind);
    const id = await uploadId(this.room.id, this.client, message);
    if (before?.id === id) return before;
    // Announced anew, it is not counted any more: the round was discarded.
    this.receipts.delete(id);
    if (before) await before.queue.run(() => this.end(before, { remove: true }));
    this.slots.take();
    try {
      const file = await this.room.spool.openUpload(message.round, id, message.bytes);
      const { size: offset } = file;
      const upload: Upload = { id, message, file, queue: new SerialQueue(), offset, cancelDeadline: () => {} };
      upload.cancelDeadline = this.slots.onTooSlow(message.bytes - offset, () => {
        // What has come stays on disk: [UP2] it goes on from there. Closing a file fails only where it is closed.
        upload.queue.run(() => this.end(upload, { remove: false })).catch(() => {});
      });
      this.open.set(message.kind, upload);
      return upload;
    } catch (error) {
      this.slots.giveBack();
      throw error;
    }
  }

  private take({ message, file }: Upload, bytes: Uint8Array): Promise<Receipt> {
    return message.kind === 'mask'
      ? this.room.intake.takeMask(this.client, message, bytes)
      : this.room.intake.takeDelta(this.client, message, { file, bytes });
  }

  private find(id: string): Upload {
    for (const upload of this.open.values()) if (upload.id === id) return upload;
    throw new ProtocolError('upload-unknown', 'There is no such upload on this connection; announce it again.');
  }

  private async end(upload: Upload, { remove }: { remove: boolean }): Promise<void> {
    if (this.open.get(upload.message.kind) !== upload) return;
    this.open.delete(upload.message.kind);
    upload.cancelDeadline();
    this.slots.giveBack();
    await upload.file.close();
    if (remove) await upload.file.remove();
  }
}

async function uploadId(federation: string, client: string, { kind, round, sha256 }: Announce): Promise<string> {
  const name = [federation, client, kind, round, sha256].join(' ');
  return (await sha256Hex(new TextEncoder().encode(name))).slice(0, 40);
}
