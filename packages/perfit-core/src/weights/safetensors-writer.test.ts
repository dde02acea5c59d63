import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readHeader } from './safetensors-reader.ts';
import { float32ToBfloat16, float32ToFloat16, writeSafetensors } from './safetensors-writer.ts';
import { fileSource } from './source.ts';
import { bfloat16ToFloat32, float16ToFloat32 } from './stored-values.ts';
import { readTensor } from './tensor-values.ts';

const allHalves = Uint16Array.from({ length: 65536 }, (_, i) => i);

async function read(file: Uint8Array) {
  const source = fileSource([new File([file as Uint8Array<ArrayBuffer>], 'x')]);
  const entries = await readHeader(source, 'x');
  const tensors = await Promise.all(
    entries.map(async (entry) => ({
      name: entry.name,
      shape: entry.shape,
      values: await readTensor(source, entry),
    })),
  );
  return { entries, tensors };
}

describe('writeSafetensors', () => {
  it('writes the bytes that the format says', () => {
    const file = writeSafetensors([
      { name: 'b', shape: [2], values: Float32Array.of(1, -2) },
      { name: 'a', shape: [1, 1], values: Float32Array.of(0.5) },
    ]);
    const header =
      '{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}';
    const length = Number(new DataView(file.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(new TextDecoder().decode(file.subarray(8, 8 + length)).trimEnd()).toBe(header);
    expect([...new Float32Array(file.slice(8 + length).buffer)]).toEqual([0.5, 1, -2]);
  });

  it.each(['F32', 'F16', 'BF16'] as const)('is read back by the reader, by name, in %s', async (dtype) => {
    const narrowed = { F32: (x: number) => x, F16: half, BF16: brain };
    const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });
    const tensor = shape.chain((lengths) => {
      const length = lengths.reduce((product, width) => product * width, 1);
      return fc.record({
        name: fc.string({ minLength: 1 }).filter((name) => name !== '__metadata__' && name !== '__proto__'),
        shape: fc.constant(lengths),
        values: fc.float32Array({ minLength: length, maxLength: length, noNaN: true }),
      });
    });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 5 }), async (tensors) => {
        const { entries, tensors: got } = await read(writeSafetensors(tensors, { dtype }));
        // Tensors without values share an offset with their neighbour, so that only the others have an order.
        const filled = entries.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start);
        const names = tensors.filter(({ values }) => values.length > 0).map(({ name }) => name);
        expect(filled.map(({ name }) => name)).toEqual(names.sort((a, b) => (a < b ? -1 : 1)));
        expect(entries).toHaveLength(tensors.length);
        for (const { name, shape: wanted, values } of tensors) {
          const found = got.find((other) => other.name === name);
          expect(found?.shape).toEqual(wanted);
          expect(found?.values).toEqual(values.map(narrowed[dtype]));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('refuses a shape that does not fit and a name that comes twice', () => {
    const values = Float32Array.of(1);
    expect(() => writeSafetensors([{ name: 'a', shape: [2], values }])).toThrow(RangeError);
    expect(() =>
      writeSafetensors([
        { name: 'a', shape: [1], values },
        { name: 'a', shape: [1], values },
      ]),
    ).toThrow(RangeError);
  });
});

const half = (value: number) => float16ToFloat32(Uint16Array.of(float32ToFloat16(value)))[0] as number;
const brain = (value: number) => bfloat16ToFloat32(Uint16Array.of(float32ToBfloat16(value)))[0] as number;

describe('narrow floats', () => {
  it.each([
    ['F16', float16ToFloat32(allHalves), float32ToFloat16],
    ['BF16', bfloat16ToFloat32(allHalves), float32ToBfloat16],
  ] as const)('%s: every narrow number comes back as it was, NaN as NaN', (_, wide, narrow) => {
    for (const [bits, value] of wide.entries()) {
      if (Number.isNaN(value))
        expect(Number.isNaN(narrow === float32ToFloat16 ? half(value) : brain(value))).toBe(true);
      else if (narrow(value) !== bits) expect([value, narrow(value)]).toEqual([value, bits]);
    }
  });

  it.each([
    ['F16', float16ToFloat32(allHalves), half],
    ['BF16', bfloat16ToFloat32(allHalves), brain],
  ] as const)('%s: a number between two goes to the nearer, a tie to the even one', (_, wide, narrow) => {
    for (let bits = 0; bits < 0x7bff; bits += 7) {
      const [low, high] = [wide[bits] as number, wide[bits + 1] as number];
      const middle = (low + high) / 2;
      const above = Math.fround(middle + (high - low) / 64);
      const below = Math.fround(middle - (high - low) / 64);
      const even = bits % 2 === 0 ? low : high;
      // A middle between two of BF16's smallest is no float32: then nothing is to be seen.
      if (Math.fround(middle) === middle && narrow(middle) !== even)
        expect([bits, narrow(middle)]).toEqual([bits, even]);
      if (above > middle && narrow(above) !== high) expect([bits, narrow(above)]).toEqual([bits, high]);
      if (below < middle && narrow(below) !== low) expect([bits, narrow(below)]).toEqual([bits, low]);
    }
    expect([narrow(Number.POSITIVE_INFINITY), narrow(-0), narrow(1e39)]).toEqual([
      Number.POSITIVE_INFINITY,
      -0,
      Number.POSITIVE_INFINITY,
    ]);
  });

  it('F16 is infinite from 65520 on', () => {
    expect([half(65519), half(65520), half(-70000)]).toEqual([
      65504,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
  });
});
