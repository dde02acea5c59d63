import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memorySource, safetensorsBytes, withHeader } from '../../test/tiny-models.ts';
import { WeightReader } from '../model/weight-reader.ts';
import { openWeights } from './safetensors-reader.ts';
import { bfloat16ToFloat32, float16ToFloat32 } from './stored-values.ts';
import { readTensor, type TensorEntry } from './tensor-values.ts';
import { WeightsError } from './weights-error.ts';

const tensors = {
  first: { shape: [2, 3], values: Float32Array.of(1, -2, 3.5, 0, 1e-20, 7) },
  second: { shape: [2], values: Float32Array.of(8, 9) },
};
const file = (bytes: Uint8Array) => memorySource({ 'model.safetensors': bytes });

function headed(header: Record<string, unknown>, dataBytes: number): Uint8Array {
  return withHeader(JSON.stringify(header), new Uint8Array(dataBytes));
}

describe('openWeights', () => {
  it('reads back what was written', async () => {
    const source = file(safetensorsBytes(tensors));
    const { entries, bytes } = await openWeights(source);
    expect(bytes).toBe(32);
    expect(await readTensor(source, entries.get('first') as TensorEntry)).toEqual(tensors.first.values);
    expect(await readTensor(source, entries.get('second') as TensorEntry)).toEqual(tensors.second.values);
  });

  it('reads the shards that an index names', async () => {
    const { first, second } = tensors;
    const source = memorySource({
      'model.safetensors.index.json': JSON.stringify({
        weight_map: { first: 'a.safetensors', second: 'b.safetensors' },
      }),
      'a.safetensors': safetensorsBytes({ first }),
      'b.safetensors': safetensorsBytes({ second }),
    });
    const { entries } = await openWeights(source);
    expect(await readTensor(source, entries.get('second') as TensorEntry)).toEqual(second.values);
    const escaping = { 'model.safetensors.index.json': JSON.stringify({ weight_map: { first: '../a.safetensors' } }) };
    await expect(openWeights(memorySource(escaping))).rejects.toMatchObject({ code: 'weights-invalid-header' });
  });

  const f32 = (shape: number[], start: number, end: number) => ({ dtype: 'F32', shape, data_offsets: [start, end] });
  it.each([
    ['no file at all', memorySource({}), 'weights-missing-file', /neither model.safetensors nor/],
    ['seven bytes', file(new Uint8Array(7)), 'weights-truncated', /7 bytes long/],
    [
      'a header longer than the file',
      file(safetensorsBytes(tensors).slice(0, 40)),
      'weights-truncated',
      /its header needs/,
    ],
    ['an absurd header length', file(new Uint8Array(16).fill(0xff)), 'weights-invalid-header', /claims a header/],
    ['a header that is not JSON', file(withHeader('{"a":', new Uint8Array(0))), 'weights-invalid-header', /not JSON/],
    [
      'a header that is a list',
      file(withHeader('[]', new Uint8Array(0))),
      'weights-invalid-header',
      /not a JSON object/,
    ],
    [
      'values that end early',
      file(safetensorsBytes(tensors).slice(0, -1)),
      'weights-truncated',
      /tensor second ends at/,
    ],
    [
      'bytes behind the last tensor',
      file(headed({ a: f32([1], 0, 4) }, 6)),
      'weights-invalid-header',
      /2 bytes behind/,
    ],
    [
      'a range of the wrong size',
      file(headed({ a: f32([3], 0, 8) }, 8)),
      'weights-invalid-header',
      /tensor a has 8 bytes .* 12/,
    ],
    ['a gap', file(headed({ a: f32([1], 4, 8) }, 8)), 'weights-invalid-header', /tensor a leaves a gap/],
    [
      'an overlap',
      file(headed({ a: f32([2], 0, 8), b: f32([1], 4, 8) }, 8)),
      'weights-invalid-header',
      /tensor b overlaps/,
    ],
    [
      'an unknown dtype',
      file(headed({ a: { ...f32([1], 0, 4), dtype: 'X9' } }, 4)),
      'weights-unsupported-dtype',
      /tensor a .* X9/,
    ],
    [
      'a negative width',
      file(headed({ a: f32([-1], 0, 4) }, 4)),
      'weights-invalid-header',
      /tensor a has no usable shape/,
    ],
    [
      'offsets that are not numbers',
      file(headed({ a: { ...f32([1], 0, 4), data_offsets: ['0', '4'] } }, 4)),
      'weights-invalid-header',
      /data_offsets/,
    ],
  ])('refuses %s', async (_, source, code, message) => {
    const error = await openWeights(source).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WeightsError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('answers any bytes with a typed error, never with one from the depths', async () => {
    const whole = safetensorsBytes(tensors);
    const damage = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { maxLength: 4 }), fc.nat(whole.length), async (edits, length) => {
        const bytes = whole.slice(0, length);
        for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
        const error = await openWeights(file(bytes)).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        if (error !== null) expect(error).toBeInstanceOf(WeightsError);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses to read a tensor of integers, naming it', async () => {
    const source = file(headed({ ids: { dtype: 'I32', shape: [1], data_offsets: [0, 4] } }, 4));
    const { entries } = await openWeights(source);
    const reading = readTensor(source, entries.get('ids') as TensorEntry);
    await expect(reading).rejects.toMatchObject({
      code: 'weights-unsupported-dtype',
      message: expect.stringContaining('ids'),
    });
  });
});

describe('a file that is not what it should be', () => {
  it('says what a Git LFS pointer is, and what to do', async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'5f'.repeat(32)}\nsize 2570000\n`;
    await expect(openWeights(file(new TextEncoder().encode(pointer)))).rejects.toMatchObject({
      code: 'weights-lfs-pointer',
      message: expect.stringMatching(/^model\.safetensors is a Git LFS pointer.*git lfs pull/),
    });
  });

  it.each([
    ['F32', new Uint8Array(Float32Array.of(1, Number.NaN).buffer)],
    ['F32', new Uint8Array(Float32Array.of(Number.NEGATIVE_INFINITY, 1).buffer)],
    ['F16', new Uint8Array(Uint16Array.of(0x3c00, 0x7e00).buffer)],
    ['BF16', new Uint8Array(Uint16Array.of(0x3f80, 0x7fc0).buffer)],
  ])('names the tensor of %s that has a value which is no number', async (dtype, bytes) => {
    const header = JSON.stringify({ bad: { dtype, shape: [1, 2], data_offsets: [0, bytes.length] } });
    const source = file(withHeader(header, bytes));
    const { entries } = await openWeights(source);
    const reader = new WeightReader(source, { entries, bytes: bytes.length }, {});
    const reading = async () => {
      for await (const _ of reader.slabs('bad', [1, 2])) void _;
    };
    await expect(reading()).rejects.toMatchObject({
      code: 'weights-not-finite',
      message: expect.stringContaining('the tensor bad has a value that is no finite number'),
    });
  });
});

describe('half precision', () => {
  it('widens float16 exactly', () => {
    const halves = Uint16Array.of(0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x3555);
    const expected = [0, -0, 1, -2, 65504, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 0.333251953125];
    expect(Array.from(float16ToFloat32(halves))).toEqual(expected);
    expect(Array.from(float16ToFloat32(Uint16Array.of(0x7c00, 0xfc00, 0x7e00)))).toEqual([
      Infinity,
      -Infinity,
      Number.NaN,
    ]);
  });

  it('widens bfloat16 exactly', () => {
    const halves = Uint16Array.of(0x3f80, 0xc000, 0x0000, 0x7f80, 0x4049);
    expect(Array.from(bfloat16ToFloat32(halves))).toEqual([1, -2, 0, Infinity, 3.140625]);
  });
});
