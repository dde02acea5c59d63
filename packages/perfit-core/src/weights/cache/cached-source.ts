import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { ListedSource, ManifestFile, ModelManifest } from '../manifest.ts';
import { WeightsError } from '../weights-error.ts';
import type { PartStore, WithLock } from './part-store.ts';
import { type PartAddress, partCount, partRange, partsOf } from './parts.ts';

export interface KeepingOptions {
  /** Names the model in the store. */
  readonly key: string;
  readonly store: PartStore;
  readonly withLock: WithLock;
  /** Called for every part that came from the source, with its bytes. */
  readonly onFetch?: (bytes: number) => void;
}

export interface CachedSource extends ListedSource {
  /**
   * After the load: fetches what nobody has asked for, so that all is kept; holds the whole of every file that came in
   * parts nobody had named a hash for against the hash of the file; lets go of what is in memory.
   * @throws WeightsError `weights-damaged`, and what is wrong is no longer kept
   */
  complete(): Promise<void>;
  /** Why parts are no longer kept: the store is full. */
  readonly refusal: WeightsError | null;
  /** Whether every part is kept, checked or not. */
  isWhole(): Promise<boolean>;
}

/** As many parts as tensors that are read together may lie in, and the one that is fetched ahead. */
const RECENT_PARTS = 5;

/**
 * A source whose parts are kept, and read from where they are kept the next time: each is checked by its hash before
 * it is used, and one that is missing or damaged is fetched again, alone. An interrupted load goes on with the parts
 * that are there. Where the store is full the rest is read without being kept.
 * @param source asked for what is not kept; null where it cannot be reached: then all must be kept
 * @param manifest of the source, or the one that was kept with the parts
 */
export function cachedSource(
  source: ListedSource | null,
  manifest: ModelManifest,
  { key, store, withLock, onFetch }: KeepingOptions,
): CachedSource {
  const files = new Map(manifest.files.map((file) => [file.name, file]));
  const recent = new Map<string, Promise<Uint8Array>>();
  const ahead = new Set<string>();
  const unproven = new Set<string>();
  let refusal: WeightsError | null = null;

  function fileOf(name: string): ManifestFile {
    const file = files.get(name);
    if (!file) throw new WeightsError('weights-missing-file', `${describe()} has no file ${name}`);
    return file;
  }

  function describe(): string {
    return source?.describe() ?? `the kept copy of ${key}`;
  }

  function addressOf({ file, index }: PartAddress): string {
    return `${key}/${file.name}/${index}`;
  }

  async function expectedHash(part: PartAddress): Promise<string | null> {
    return part.file.parts?.[part.index] ?? (await store.recall(addressOf(part)));
  }

  /** The part as it is kept; one that is damaged is dropped. */
  async function kept(part: PartAddress): Promise<Uint8Array | null> {
    const hash = await expectedHash(part);
    const bytes = hash && (await store.read(hash));
    if (!hash || !bytes) return null;
    if ((await hashOf(bytes)) === hash) return bytes;
    await store.remove(hash);
    return null;
  }

  async function fetched(part: PartAddress): Promise<Uint8Array> {
    const { file, index } = part;
    if (!source) {
      const message = `Part ${index + 1} of ${file.name} is not kept here, and where the model comes from cannot be reached`;
      throw new WeightsError('weights-unreachable', message);
    }
    const [start, end] = partRange(part, manifest.partBytes);
    const bytes = await source.range(file.name, start, end);
    onFetch?.(bytes.length);
    const hash = await hashOf(bytes);
    const named = file.parts?.[index];
    if (named !== undefined && named !== hash) {
      throw new WeightsError(
        'weights-damaged',
        `Part ${index + 1} of ${file.name} did not come as ${source.describe()} says it is; load it again`,
      );
    }
    if (named === undefined && file.sha256 !== null) unproven.add(file.name);
    await keep(part, { hash, bytes, isNamed: named !== undefined });
    return bytes;
  }

  async function keep(part: PartAddress, what: { hash: string; bytes: Uint8Array; isNamed: boolean }): Promise<void> {
    if (refusal) return;
    try {
      // First the address: whoever clears the store must see that the part is wanted.
      if (!what.isNamed) await store.remember(addressOf(part), what.hash);
      await store.write(what.hash, what.bytes);
    } catch (error) {
      if (!(error instanceof WeightsError)) throw error;
      refusal = error;
    }
  }

  /** A part that is wanted now. While what must be fetched is worked on, the next one is on its way. */
  function part(address: PartAddress): Promise<Uint8Array> {
    const name = addressOf(address);
    const wasAhead = ahead.delete(name);
    if (wasAhead) fetchAhead(address);
    return begun(address, () => fetchAhead(address));
  }

  function fetchAhead({ file, index }: PartAddress): void {
    const next = { file, index: index + 1 };
    if (next.index >= partCount(file, manifest.partBytes) || recent.has(addressOf(next))) return;
    ahead.add(addressOf(next));
    // Whoever wants it asks again, and is told what is wrong.
    begun(next, () => {}).catch(() => ahead.delete(addressOf(next)));
  }

  function begun(address: PartAddress, onMissing: () => void): Promise<Uint8Array> {
    const name = addressOf(address);
    const found = recent.get(name);
    const reading =
      found ??
      withLock(`perfit part ${name}`, async () => {
        const bytes = await kept(address);
        if (bytes) return bytes;
        onMissing();
        return fetched(address);
      });
    recent.delete(name);
    recent.set(name, reading);
    if (!found) reading.catch(() => recent.delete(name));
    for (const [oldest, part] of recent) {
      if (recent.size <= RECENT_PARTS) break;
      recent.delete(oldest);
      part.then(release, () => {});
    }
    return reading;
  }

  /** Copies what lies in bytes [start, end) of the file of one part. */
  async function copyPart(address: PartAddress, { start, end }: { start: number; end: number }, into: Uint8Array) {
    const [partStart, partEnd] = partRange(address, manifest.partBytes);
    const [from, to] = [Math.max(start, partStart), Math.min(end, partEnd)];
    for (;;) {
      const bytes = await part(address);
      // Another reader may have had it released between its coming and here.
      if (bytes.length === 0) continue;
      into.set(bytes.subarray(from - partStart, to - partStart), from - start);
      return;
    }
  }

  async function range(name: string, start: number, end: number, into?: Uint8Array): Promise<Uint8Array> {
    const file = fileOf(name);
    if (end > file.bytes) {
      throw new WeightsError('weights-truncated', `${name} ends before byte ${end} (it has ${file.bytes})`);
    }
    const bytes = into ?? new Uint8Array(end - start);
    for (const address of partsOf(file, { start, end }, manifest.partBytes)) {
      await copyPart(address, { start, end }, bytes);
    }
    return bytes;
  }

  async function* missing(): AsyncGenerator<PartAddress> {
    for (const file of manifest.files) {
      for (let index = 0; index < partCount(file, manifest.partBytes); index++) {
        const hash = await expectedHash({ file, index });
        if (!hash || !(await store.has(hash))) yield { file, index };
      }
    }
  }

  /** Parts that nobody has asked for, as long as there is room for them and somebody to ask. */
  async function fetchRest(): Promise<void> {
    if (!source) return;
    for await (const address of missing()) {
      if (refusal) return;
      await part(address);
    }
  }

  async function dropFile(file: ManifestFile): Promise<void> {
    for (const address of partsOf(file, { start: 0, end: file.bytes }, manifest.partBytes)) {
      const hash = await store.recall(addressOf(address));
      recent.delete(addressOf(address));
      await store.forget(addressOf(address));
      if (hash) await store.remove(hash);
    }
  }

  return {
    describe,
    manifest: async () => manifest,
    has: async (name) => files.has(name),
    size: async (name) => fileOf(name).bytes,
    text: async (name) => new TextDecoder().decode(await range(name, 0, fileOf(name).bytes)),
    range,
    get refusal() {
      return refusal;
    },
    async complete() {
      await fetchRest();
      for (const name of refusal ? [] : unproven) {
        const file = fileOf(name);
        const digest = sha256.create();
        for (let index = 0; index < partCount(file, manifest.partBytes); index++) {
          const [start, end] = partRange({ file, index }, manifest.partBytes);
          digest.update(await range(name, start, end));
        }
        if (bytesToHex(digest.digest()) !== file.sha256) {
          await dropFile(file);
          const message = `${name} did not come as ${describe()} says it is, and was thrown away; load the model again`;
          throw new WeightsError('weights-damaged', message);
        }
        unproven.delete(name);
      }
      for (const part of recent.values()) part.then(release, () => {});
      recent.clear();
    },
    isWhole: async () => (await missing().next()).done === true,
  };
}

/**
 * Frees a part at once where the engine can: at a hundred megabytes a second garbage is collected too late. No part
 * leaves this file, so that nobody else can hold it.
 */
function release({ buffer }: Uint8Array): void {
  (buffer as ArrayBuffer & { transfer?: (length: number) => ArrayBuffer }).transfer?.(0);
}

async function hashOf(bytes: Uint8Array): Promise<string> {
  return bytesToHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)));
}
