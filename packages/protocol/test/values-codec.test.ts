import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHalf, halfTable, toHalf } from '../src/codecs/half.ts';
import { decodeValues, encodeValues, ProtocolError, valuesByteLength } from '../src/index.ts';
import { arbitraryFloat, HASH_A, HASH_B } from './arbitraries.ts';

const owner = { layoutHash: HASH_A, maskHash: HASH_B };

/** Every finite binary16 number with its bits, smallest magnitude first: the slow reference looks the nearest up. */
const magnitudes = Array.from({ length: 0x7c00 }, (_, bits) => fromHalf(bits));

/** Nearest of all binary16 numbers, ties to the even mantissa. Knows nothing of exponents and carries. */
function slowHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return sign | 0x7c00;
  let low = 0;
  let high = magnitudes.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((magnitudes[middle] as number) <= magnitude) low = middle;
    else high = middle;
  }
  const below = magnitude - (magnitudes[low] as number);
  const above = (magnitudes[high] as number) - magnitude;
  if (below === above) return sign | (low % 2 === 0 ? low : high);
  return sign | (below < above ? low : high);
}

function codeOf(bytes: Uint8Array, expected: Parameters<typeof decodeValues>[1]): string {
  try {
    decodeValues(bytes, expected);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return error.code;
  }
}

const changed = (bytes: Uint8Array, offset: number, value: number) => {
  const copy = bytes.slice();
  copy[offset] = value;
  return copy;
};

describe('binary16', () => {
  it('[DC2] rounds to the nearest number, ties to even', () => {
    fc.assert(
      fc.property(arbitraryFloat(), (value) => {
        const half = toHalf(value);
        if (Number.isNaN(value)) expect(half & 0x7fff).toBe(0x7e00);
        else expect(half).toBe(slowHalf(value));
      }),
      { numRuns: 5000 },
    );
  });

  it('[DC2] keeps every number that binary16 has', () => {
    const table = halfTable();
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = table[bits] as number;
      if (Number.isNaN(value)) expect(toHalf(value) & 0x7fff).toBe(0x7e00);
      else if (toHalf(value) !== bits) expect.fail(`${bits} came back as ${toHalf(value)}`);
    }
  });

  it('[DC2] rounds halfway between any two neighbours to the even one', () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const middle = ((magnitudes[bits] as number) + (magnitudes[bits + 1] as number)) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      if (toHalf(middle) !== even) expect.fail(`halfway above ${bits} went to ${toHalf(middle)}`);
    }
  });

  it('[DC2] agrees with published values', () => {
    const published: [number, number][] = [
      [0, 0],
      [-0, 0x8000],
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [65519.99, 0x7bff],
      [65520, 0x7bff],
      [1e30, 0x7bff],
      [-1e30, 0xfbff],
      [2 ** -14, 0x0400],
      [2 ** -24, 0x0001],
      [2 ** -25, 0x0000],
      [1.0000001 * 2 ** -25, 0x0001],
      [Number.POSITIVE_INFINITY, 0x7c00],
      [Number.NEGATIVE_INFINITY, 0xfc00],
      [1 / 3, 0x3555],
    ];
    for (const [value, bits] of published) expect([value, toHalf(value)]).toEqual([value, bits]);
  });
});

describe('values codec', () => {
  it('[DC2] gives f32 back bit for bit', () => {
    fc.assert(
      fc.property(fc.array(arbitraryFloat(), { maxLength: 200 }), (numbers) => {
        const values = Float32Array.from(numbers);
        const bytes = encodeValues(values, 'f32', owner);
        expect(bytes.length).toBe(valuesByteLength(values.length, 'f32'));
        expect(decodeValues(bytes, { ...owner, count: values.length })).toEqual(values);
      }),
    );
  });

  it('[DC2] gives f16 back as its nearest numbers, and never makes a finite one infinite', () => {
    fc.assert(
      fc.property(fc.array(arbitraryFloat(), { maxLength: 200 }), (numbers) => {
        const values = Float32Array.from(numbers);
        const bytes = encodeValues(values, 'f16', owner);
        expect(bytes.length).toBe(valuesByteLength(values.length, 'f16'));
        const decoded = decodeValues(bytes, { ...owner, count: values.length });
        values.forEach((value, i) => {
          expect(Number.isFinite(decoded[i])).toBe(Number.isFinite(value));
          if (!Number.isNaN(value)) expect(decoded[i]).toBe(fromHalf(slowHalf(value)));
        });
      }),
    );
  });

  it('[DC2] lays the bytes out as the specification says, at any offset in a buffer', () => {
    const bytes = encodeValues(Float32Array.of(1, -2, Number.NaN), 'f16', owner);
    const header = ['5046444c', '01', '01', '0000', '03000000', HASH_A, HASH_B];
    expect(Buffer.from(bytes).toString('hex')).toBe(`${header.join('')}003c00c0007e`);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeValues(shifted.subarray(3), { ...owner, count: 3 })).toEqual(Float32Array.of(1, -2, Number.NaN));
  });

  it('[DC2] names what is wrong', () => {
    const expected = { ...owner, count: 2, dtype: 'f32' as const };
    const bytes = encodeValues(Float32Array.of(1, 2), 'f32', owner);
    expect(codeOf(bytes, expected)).toBe('accepted');
    expect(codeOf(bytes.subarray(0, 75), expected)).toBe('codec-truncated');
    expect(codeOf(bytes.subarray(0, 83), expected)).toBe('codec-truncated');
    expect(codeOf(Uint8Array.of(...bytes, 0), expected)).toBe('codec-length');
    expect(codeOf(changed(bytes, 3, 0), expected)).toBe('codec-magic');
    expect(codeOf(changed(bytes, 4, 0), expected)).toBe('codec-version');
    expect(codeOf(changed(bytes, 5, 2), expected)).toBe('codec-dtype');
    expect(codeOf(changed(bytes, 5, 9), expected)).toBe('codec-dtype');
    expect(codeOf(encodeValues(Float32Array.of(1, 2), 'f16', owner), expected)).toBe('codec-dtype');
    expect(codeOf(changed(bytes, 7, 1), expected)).toBe('codec-corrupt');
    expect(codeOf(bytes, { ...expected, layoutHash: HASH_B })).toBe('codec-layout');
    expect(codeOf(bytes, { ...expected, maskHash: HASH_A })).toBe('codec-mask');
    expect(codeOf(bytes, { ...expected, count: 3 })).toBe('codec-length');
  });

  it('[DC2] answers anything else with a codec error', () => {
    const header = encodeValues(new Float32Array(0), 'f16', owner);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.uint8Array({ maxLength: 90 }).map((tail) => Uint8Array.of(...header, ...tail)),
      fc
        .tuple(fc.nat(8 * header.length - 1), fc.uint8Array({ maxLength: 9 }))
        .map(([bit, tail]) =>
          Uint8Array.of(...changed(header, bit >> 3, (header[bit >> 3] as number) ^ (1 << (bit & 7))), ...tail),
        ),
    );
    fc.assert(
      fc.property(bytes, fc.nat(100), (damaged, count) => {
        const code = codeOf(damaged, { ...owner, count });
        if (code !== 'accepted') expect(code).toMatch(/^codec-/);
        else expect(damaged.length).toBe(valuesByteLength(count, damaged[5] === 1 ? 'f16' : 'f32'));
      }),
      { numRuns: 1000 },
    );
  });
});
