import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { needsFile } from '../../../../../testing/needs.ts';
import { realModel } from '../../../test/gguf/real-model.ts';
import { directorySource } from '../../node/directory-source.ts';
import { fileSource, type ModelSource } from '../source.ts';
import { rowsToFloats } from '../stored-rows.ts';
import { readRows, readTensor } from '../tensor-values.ts';
import { type GgufFile, type GgufTensor, readGgufFile } from './gguf-file.ts';

const fixtures = fileURLToPath(new URL('../../../test/gguf', import.meta.url));
/** What gguf-py made of the same file. */
const known = JSON.parse(readFileSync(`${fixtures}/mixed.json`, 'utf8')) as Record<
  string,
  { type: string; shape: number[]; sha256: string; first: number[] }
>;
const whole = readFileSync(`${fixtures}/mixed.gguf`);

const open = (bytes: Uint8Array<ArrayBuffer>) => fileSource([new File([bytes], 'm.gguf')]);
const read = async (bytes: Uint8Array<ArrayBuffer>) => await readGgufFile(open(bytes), 'm.gguf');
const entryOf = (file: GgufFile, { name, type, shape, start, end }: GgufTensor) => {
  return { name, file: file.name, dtype: type.name, shape, start, end };
};
const hashOf = (values: Float32Array) =>
  createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex');

async function hashes(source: ModelSource, name: string): Promise<Map<string, string>> {
  const file = await readGgufFile(source, name);
  const all = new Map<string, string>();
  for (const tensor of file.tensors.values()) {
    all.set(tensor.name, hashOf(await readTensor(source, entryOf(file, tensor))));
  }
  return all;
}

describe('readGgufFile', () => {
  it('finds metadata and tensors of every type that can be read, where gguf-py put them', async () => {
    const { metadata, tensors } = await read(whole);
    expect(metadata.string('general.architecture')).toBe('llama');
    expect(metadata.number('llama.attention.head_count')).toBe(2);
    expect(metadata.strings('tokenizer.ggml.tokens')?.slice(0, 3)).toEqual(['<|end|>', '<tool>', 'a']);
    expect(metadata.flag('tokenizer.ggml.add_bos_token')).toBe(false);
    const found = [...tensors.values()].map(({ name, type, shape }) => [name, { type: type.name, shape }]);
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(Object.entries(known).map(([name, { type, shape }]) => [name, { type, shape }])),
    );
    expect(new Set(found.map(([, about]) => (about as { type: string }).type)).size).toBe(6);
  });

  it("has gguf-py's values bit for bit, negative zeros and all", async () => {
    const found = await hashes(open(whole), 'm.gguf');
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(Object.entries(known).map(([name, { sha256 }]) => [name, sha256])),
    );
  });

  it('gives the same values row by row', async () => {
    const source = open(whole);
    const file = await readGgufFile(source, 'm.gguf');
    for (const [name, { sha256, shape }] of Object.entries(known)) {
      const entry = entryOf(file, file.tensors.get(name) as GgufTensor);
      if (shape.length !== 2 || ['F16', 'BF16'].includes(entry.dtype)) continue;
      const values: number[] = [];
      for await (const slab of readRows(source, entry, 1)) values.push(...rowsToFloats(slab));
      expect(hashOf(Float32Array.from(values))).toBe(sha256);
    }
  });

  // Of all 272 tensors, by gguf-py 0.19.0: the SHA-256 over "name hash\n", sorted.
  it("has gguf-py's values of a whole real model", needsFile(realModel), async () => {
    const found = await hashes(directorySource(dirname(realModel)), basename(realModel));
    const list = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, hash]) => `${name} ${hash}\n`);
    expect(list).toHaveLength(272);
    expect(createHash('sha256').update(list.join('')).digest('hex')).toBe(
      'a9cb48c0a965be5391ad2760c976be96ab1a6759bb5713e129e95fff5efda775',
    );
  });

  it('reads no more of a file than its description, a chunk at a time', async () => {
    const asked: [number, number][] = [];
    const source = open(whole);
    const counting: ModelSource = {
      ...source,
      range: (name, start, end) => {
        asked.push([start, end]);
        return source.range(name, start, end);
      },
      size: async () => whole.length,
    };
    await readGgufFile(counting, 'm.gguf');
    expect(asked).toEqual([[0, whole.length]]);
  });
});

describe('a GGUF file that is not one', () => {
  const at = (text: string) => whole.indexOf(text);
  const changed = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(whole);
    change(bytes);
    return bytes;
  };
  /** After a tensor's name come its dimensions, their lengths, its type and its offset. */
  const tensorField = (name: string, field: 'columns' | 'type' | 'offset') =>
    at(name) + name.length + 4 + { columns: 0, type: 16, offset: 20 }[field];

  it.each<[string, () => Uint8Array<ArrayBuffer>, string, RegExp]>([
    ['an empty file', () => new Uint8Array(0), 'weights-truncated', /0 bytes long/],
    ['a text', () => Buffer.from('once upon a time'), 'weights-invalid-header', /does not begin with "GGUF"/],
    ['a pointer', () => Buffer.from('version https://git-lfs'), 'weights-lfs-pointer', /run "git lfs pull"/],
    ['version 1', () => changed((bytes) => bytes.writeUInt32LE(1, 4)), 'weights-invalid-header', /GGUF version 1:/],
    ['the other byte order', () => changed((b) => b.writeUInt32BE(3, 4)), 'weights-invalid-header', /big-endian/],
    [
      'a number of tensors that none has',
      () => changed((bytes) => bytes.writeBigUInt64LE(2n ** 40n, 8)),
      'weights-invalid-header',
      /claims 1099511627776 tensors/,
    ],
    [
      'a text of exabytes',
      () => changed((bytes) => bytes.writeBigUInt64LE(2n ** 60n, 24)),
      'weights-invalid-header',
      /a count or an offset in it is/,
    ],
    [
      'a text of gigabytes',
      () => changed((bytes) => bytes.writeBigUInt64LE(2n ** 32n, 24)),
      'weights-truncated',
      /its description needs/,
    ],
    [
      'a type that is not read, by its name',
      () => changed((bytes) => bytes.writeUInt32LE(12, tensorField('blk.0.ffn_down.weight', 'type'))),
      'weights-unsupported-dtype',
      /blk\.0\.ffn_down\.weight is Q4_K; F32, F16/,
    ],
    [
      'a type that nobody knows',
      () => changed((bytes) => bytes.writeUInt32LE(99, tensorField('blk.0.ffn_down.weight', 'type'))),
      'weights-unsupported-dtype',
      /is type 99/,
    ],
    [
      'rows that no blocks fill',
      () => changed((bytes) => bytes.writeBigUInt64LE(33n, tensorField('blk.0.ffn_down.weight', 'columns'))),
      'weights-invalid-header',
      /rows of 33 values/,
    ],
    [
      'a tensor on top of another',
      () => changed((bytes) => bytes.writeBigUInt64LE(0n, tensorField('output_norm.weight', 'offset') - 8)),
      'weights-invalid-header',
      /overlaps/,
    ],
    ['half of itself', () => whole.subarray(0, whole.length - 40), 'weights-truncated', /ends at/],
    ['its description cut off', () => whole.subarray(0, 700), 'weights-truncated', /700 bytes long/],
  ])('%s gets a sentence', async (_, bytes, code, message) => {
    await expect(read(Uint8Array.from(bytes()))).rejects.toMatchObject({
      name: 'WeightsError',
      code,
      message: expect.stringMatching(message),
    });
  });
});
