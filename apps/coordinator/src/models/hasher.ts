import { Worker } from 'node:worker_threads';
import { z } from 'zod';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
export const fileHashesSchema = z.object({
  /** What the file was when it was read: by these its hashes are known again. */
  stamp: z.object({ ino: z.number(), size: z.number(), mtimeMs: z.number() }),
  sha256: hash,
  /** Of each part in order. */
  parts: z.array(hash),
});
export type FileHashes = z.infer<typeof fileHashesSchema>;

/** The same as every client's: a part is known by its hash, wherever it came from. */
export const PART_BYTES = 4 << 20;

interface Job {
  resolve(hashes: FileHashes): void;
  reject(error: Error): void;
}

/** Hashes files one after another in a thread of its own, so that gigabytes do not hold up the event loop. */
export class Hasher {
  private worker: Worker | null = null;
  private readonly jobs = new Map<number, Job>();
  private next = 0;
  private isClosed = false;

  /** @throws Error where the file cannot be read, or changes meanwhile */
  hash(path: string): Promise<FileHashes> {
    if (this.isClosed) return Promise.reject(new Error('The coordinator shuts down.'));
    const worker = this.running();
    const job = this.next++;
    return new Promise((resolve, reject) => {
      this.jobs.set(job, { resolve, reject });
      worker.ref();
      worker.postMessage({ job, path, partBytes: PART_BYTES });
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.worker?.terminate();
    this.fail(new Error('The coordinator shuts down.'));
  }

  private running(): Worker {
    if (this.worker) return this.worker;
    const worker = new Worker(new URL('./hash-worker.js', import.meta.url), { execArgv: [] });
    worker.on('message', ({ job, error, ...hashes }) => {
      const waiting = this.jobs.get(job);
      this.jobs.delete(job);
      if (this.jobs.size === 0) worker.unref();
      if (error === undefined) waiting?.resolve(hashes);
      else waiting?.reject(new Error(error));
    });
    worker.on('error', (error) => this.fail(error));
    worker.on('exit', () => {
      if (this.worker === worker) this.worker = null;
      this.fail(new Error('The thread that hashes files ended.'));
    });
    this.worker = worker;
    return worker;
  }

  private fail(error: Error): void {
    const waiting = [...this.jobs.values()];
    this.jobs.clear();
    for (const { reject } of waiting) reject(error);
  }
}
