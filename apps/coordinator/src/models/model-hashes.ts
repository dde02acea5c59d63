import type { Stats } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SerialQueue } from '@perfit/federation/coordinator';
import type { Logger } from 'pino';
import { z } from 'zod';
import { writeDurably } from '../blobs/durable-write.ts';
import { type FileHashes, fileHashesSchema, Hasher } from './hasher.ts';
import type { ModelFile } from './model-catalogue.ts';

/** By name of the file. */
const memorySchema = z.record(z.string(), fileHashesSchema);

/** A file changed between the look at it and its reading; whoever asked may ask again. */
export class ModelChangedError extends Error {
  override readonly name = 'ModelChangedError';
}

/**
 * Hashes of the models' files: computed once a content, for all who ask, and remembered on disk, a file a model.
 * A file is known again by inode, size and time of its last change.
 */
export class ModelHashes {
  private readonly folder: string;
  private readonly logger: Logger;
  private readonly hasher: Pick<Hasher, 'hash' | 'close'>;
  private readonly memories = new Map<string, Promise<Map<string, FileHashes>>>();
  private readonly running = new Map<string, Promise<FileHashes>>();
  private readonly writes = new SerialQueue();

  private constructor(folder: string, logger: Logger, hasher: Pick<Hasher, 'hash' | 'close'>) {
    this.folder = folder;
    this.logger = logger;
    this.hasher = hasher;
  }

  static async open(
    folder: string,
    logger: Logger,
    hasher: Pick<Hasher, 'hash' | 'close'> = new Hasher(),
  ): Promise<ModelHashes> {
    await mkdir(folder, { recursive: true });
    return new ModelHashes(folder, logger, hasher);
  }

  /** Null where the file was not hashed since it changed last. */
  async known({ id, name, stats }: ModelFile): Promise<FileHashes | null> {
    const stored = (await this.memoryOf(id)).get(name);
    return stored && isStampOf(stored.stamp, stats) ? stored : null;
  }

  /** @throws ModelChangedError */
  async of(file: ModelFile): Promise<FileHashes> {
    const known = await this.known(file);
    if (known) return known;
    const { ino, size, mtimeMs } = file.stats;
    const key = [file.path, ino, size, mtimeMs].join('\0');
    const running = this.running.get(key) ?? this.compute(file).finally(() => this.running.delete(key));
    this.running.set(key, running);
    return await running;
  }

  /** Ends a hashing that runs, and waits for what is being remembered. */
  async close(): Promise<void> {
    await this.hasher.close();
    await this.writes.idle();
  }

  private async compute(file: ModelFile): Promise<FileHashes> {
    const { id, name, path, stats } = file;
    const hashes = await this.hasher.hash(path).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ModelChangedError(`The file ${name} of the model "${id}" could not be hashed: ${reason}.`, { cause });
    });
    if (!isStampOf(hashes.stamp, stats)) {
      throw new ModelChangedError(`The file ${name} of the model "${id}" is being changed.`);
    }
    const memory = await this.memoryOf(id);
    memory.set(name, hashes);
    await this.writes.run(() => this.remember(id, memory));
    return hashes;
  }

  /** What cannot be written down is known until the next start only. */
  private async remember(id: string, memory: ReadonlyMap<string, FileHashes>): Promise<void> {
    try {
      await writeDurably(this.pathOf(id), Buffer.from(JSON.stringify(Object.fromEntries(memory))));
    } catch (error) {
      this.logger.warn({ err: error, model: id }, 'the hashes of a model could not be stored');
    }
  }

  private memoryOf(id: string): Promise<Map<string, FileHashes>> {
    const memory = this.memories.get(id) ?? this.load(id);
    this.memories.set(id, memory);
    return memory;
  }

  private async load(id: string): Promise<Map<string, FileHashes>> {
    try {
      const text = await readFile(this.pathOf(id), 'utf8');
      return new Map(Object.entries(memorySchema.parse(JSON.parse(text))));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.logger.warn({ err: error, model: id }, 'the stored hashes of a model cannot be read: they are made again');
      }
      return new Map();
    }
  }

  private pathOf(id: string): string {
    return join(this.folder, `${id}.json`);
  }
}

function isStampOf(stamp: FileHashes['stamp'], { ino, size, mtimeMs }: Stats): boolean {
  return stamp.ino === ino && stamp.size === size && stamp.mtimeMs === mtimeMs;
}
