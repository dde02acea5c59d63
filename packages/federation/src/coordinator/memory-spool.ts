import type { Spool, UploadFile } from './ports.ts';

/** Deltas in memory: gone with the process. */
export class MemorySpool implements Spool {
  private readonly uploads = new Map<string, { bytes: Uint8Array; size: number }>();
  private readonly accepted = new Map<string, Uint8Array>();

  async openUpload(round: number, name: string, bytes: number): Promise<UploadFile> {
    const { uploads, accepted } = this;
    const key = keyOf(round, name);
    const upload = uploads.get(key) ?? { bytes: new Uint8Array(bytes), size: 0 };
    uploads.set(key, upload);
    return {
      size: upload.size,
      async write(data, offset) {
        upload.bytes.set(data, offset);
        upload.size = Math.max(upload.size, offset + data.length);
        return data.length;
      },
      async read() {
        if (uploads.get(key) !== upload) throw new Error('the upload is gone');
        return upload.bytes.subarray(0, upload.size);
      },
      async accept(inRound, client) {
        uploads.delete(key);
        accepted.set(keyOf(inRound, client), upload.bytes);
      },
      async close() {},
      async remove() {
        if (uploads.get(key) === upload) uploads.delete(key);
      },
    };
  }

  async read(round: number, client: string): Promise<Uint8Array> {
    const bytes = this.accepted.get(keyOf(round, client));
    if (!bytes) throw new Error(`nothing of ${client} is accepted in round ${round}`);
    return bytes;
  }

  async clear(round: number): Promise<void> {
    for (const files of [this.uploads, this.accepted]) {
      for (const key of files.keys()) if (roundOf(key) <= round) files.delete(key);
    }
  }

  async keepOnly(round: number, clients: readonly string[]): Promise<void> {
    const kept = new Set(clients.map((client) => keyOf(round, client)));
    for (const key of this.accepted.keys()) if (roundOf(key) === round && !kept.has(key)) this.accepted.delete(key);
  }
}

function keyOf(round: number, name: string): string {
  return `${round} ${name}`;
}

function roundOf(key: string): number {
  return Number(key.slice(0, key.indexOf(' ')));
}
