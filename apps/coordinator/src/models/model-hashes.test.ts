import { createHash } from 'node:crypto';
import { lstat, mkdtemp, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Hasher, PART_BYTES } from './hasher.ts';
import type { ModelFile } from './model-catalogue.ts';
import { ModelChangedError, ModelHashes } from './model-hashes.ts';

const content = Uint8Array.from({ length: PART_BYTES + 500 }, (_, i) => (i * 7) & 0xff);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

let folder: string;
let path: string;
let hashes: ModelHashes;
/** Paths that were read. */
let read: string[];

class CountingHasher extends Hasher {
  override hash(file: string) {
    read.push(file);
    return super.hash(file);
  }
}
const open = () => ModelHashes.open(join(folder, 'memory'), pino({ level: 'silent' }), new CountingHasher());
const look = async (): Promise<ModelFile> => ({ id: 'tiny', name: 'a.safetensors', path, stats: await lstat(path) });
const memory = () => join(folder, 'memory', 'tiny.json');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perfit-hashes-'));
  path = join(folder, 'a.safetensors');
  await writeFile(path, content);
  read = [];
  hashes = await open();
});
afterEach(async () => {
  await hashes.close();
  await rm(folder, { recursive: true });
});

async function restart(): Promise<void> {
  await hashes.close();
  hashes = await open();
}

describe('ModelHashes', () => {
  it('hashes a file and its parts, once for all who ask', async () => {
    const file = await look();
    expect(await hashes.known(file)).toBe(null);
    const all = await Promise.all(Array.from({ length: 5 }, () => hashes.of(file)));
    for (const each of all) {
      expect(each.sha256).toBe(sha256(content));
      expect(each.parts).toEqual([content.subarray(0, PART_BYTES), content.subarray(PART_BYTES)].map(sha256));
    }
    expect((await hashes.known(await look()))?.sha256).toBe(sha256(content));
    expect(read).toHaveLength(1);
  });

  it('knows them after a restart', async () => {
    const before = await hashes.of(await look());
    await restart();
    expect(await hashes.of(await look())).toEqual(before);
    expect(read).toHaveLength(1);
  });

  it.each([
    ['half of its memory', (text: string) => text.slice(0, 40)],
    ['another memory', () => '{"a.safetensors":{"sha256":"no"}}'],
    ['no memory', () => ''],
  ])('makes them again where a crash left %s', async (_, damaged) => {
    const before = await hashes.of(await look());
    await writeFile(memory(), damaged(await readFile(memory(), 'utf8')));
    await restart();
    expect(await hashes.of(await look())).toEqual(before);
    expect(read).toHaveLength(2);
  });

  it('makes them again when a file is written to, whichever of size, time and inode tells', async () => {
    const first = await look();
    await hashes.of(first);
    await utimes(path, 0, 1);
    expect(await hashes.known(await look())).toBe(null);
    await truncate(path, 10);
    expect((await hashes.of(await look())).sha256).toBe(sha256(content.subarray(0, 10)));
    const { stats } = await look();
    expect(await hashes.known({ ...first, stats: Object.assign(await lstat(path), { ino: stats.ino + 1 }) })).toBe(
      null,
    );
  });

  it('says that a file changed between the look at it and its reading, or cannot be read', async () => {
    const before = await look();
    await truncate(path, 10);
    await expect(hashes.of(before)).rejects.toThrow(ModelChangedError);
    await rm(path);
    await expect(hashes.of(before)).rejects.toThrow(ModelChangedError);
    await writeFile(path, content);
    expect((await hashes.of(await look())).sha256).toBe(sha256(content));
  });

  it('ends with what is under way', async () => {
    const ended = expect(hashes.of(await look())).rejects.toThrow(ModelChangedError);
    await hashes.close();
    await ended;
  });
});
