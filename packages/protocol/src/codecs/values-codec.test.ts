import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryFloat, HASH_A, HASH_B } from '../../test/arbitraries.ts';
import {
  decodeValues,
  encodeValues,
  ProtocolError,
  readValuesHeader,
  valuesByteLength,
  type WireDtype,
  wireDtypes,
} from '../index.ts';
import { fromHalf, halfTable, toHalf } from './half.ts';

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

/** One block: off by half of (largest magnitude / 127), which is at least 2⁻¹²⁶, and by what binary32 itself rounds. */
function expectWithinHalfAStep(values: Float32Array, decoded: Float32Array): void {
  if (!values.every(Number.isFinite)) {
    expect(decoded.every(Number.isNaN)).toBe(true);
    return;
  }
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const halfStep = Math.max(largest / 127, 2 ** -126) / 2;
  const isWithin = (value: number, i: number) => Math.abs(value - (decoded[i] as number)) <= halfStep * (1 + 1e-4);
  expect(decoded.every(Number.isFinite) && values.every(isWithin)).toBe(true);
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

  it('[DC2] gives int8 back within half a step of its block, and never makes a finite one infinite', () => {
    fc.assert(
      fc.property(fc.array(arbitraryFloat(), { maxLength: 200 }), fc.boolean(), (numbers, isTame) => {
        const values = Float32Array.from(isTame ? numbers.filter(Number.isFinite) : numbers);
        const bytes = encodeValues(values, 'int8', owner);
        expect(bytes.length).toBe(76 + values.length + 4 * Math.ceil(values.length / 64));
        expect(valuesByteLength(values.length, 'int8')).toBe(bytes.length);
        const decoded = decodeValues(bytes, { ...owner, count: values.length, dtype: 'int8' });
        for (let start = 0; start < values.length; start += 64) {
          expectWithinHalfAStep(values.subarray(start, start + 64), decoded.subarray(start, start + 64));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    '[UP3] never makes a finite int8 of %d: its whole block is NaN, and no other',
    (bad) => {
      const values = Float32Array.from({ length: 130 }, (_, i) => i);
      values[70] = bad;
      const decoded = decodeValues(encodeValues(values, 'int8', owner), { ...owner, count: 130 });
      decoded.forEach((value, i) => {
        expect(Number.isNaN(value)).toBe(i >= 64 && i < 128);
      });
    },
  );

  it('[DC2] rounds int8 to the nearest step, both ways alike, at every magnitude', () => {
    const steps = Float32Array.of(127, -127, 1, -1, 0.4, -0.4, 0.6, -0.6, 0, -0, 63.7);
    const rounded = Float32Array.of(127, -127, 1, -1, 0, 0, 1, -1, 0, 0, 64);
    for (const scale of [1, 2 ** -126, 2 ** -60, 2 ** 40, 2 ** 120]) {
      const values = steps.map((step) => step * scale);
      const decoded = decodeValues(encodeValues(values, 'int8', owner), { ...owner, count: steps.length });
      expect(decoded).toEqual(rounded.map((step) => step * scale));
    }
    const largest = Float32Array.of((2 - 2 ** -23) * 2 ** 127, -((2 - 2 ** -23) * 2 ** 127), 2 ** -149);
    const [most = 0, least = 0, zero] = decodeValues(encodeValues(largest, 'int8', owner), { ...owner, count: 3 });
    expect([most / (largest[0] as number), least / (largest[1] as number)]).toEqual([
      expect.closeTo(1, 6),
      expect.closeTo(1, 6),
    ]);
    expect(zero).toBe(0);
  });

  it('[DC2] lays int8 out as the specification says: all scales, then all steps', () => {
    const values = new Float32Array(66).fill(0, 1);
    values.set([-254, 2], 0);
    values.set([1.27, -0.02], 64);
    const bytes = encodeValues(values, 'int8', owner);
    const header = ['5046444c', '01', '02', '0000', '42000000', HASH_A, HASH_B];
    const scales = ['00000040', '0ad7233c'];
    expect(Buffer.from(bytes).toString('hex')).toBe(
      `${header.join('')}${scales.join('')}${'8101'}${'00'.repeat(62)}${'7ffe'}`,
    );
  });

  it('[DC2] refuses int8 that no writer writes', () => {
    const expected = { ...owner, count: 65 };
    const bytes = encodeValues(new Float32Array(65).fill(1), 'int8', owner);
    expect(codeOf(bytes, expected)).toBe('accepted');
    expect(codeOf(changed(bytes, bytes.length - 1, 0x80), expected)).toBe('codec-corrupt');
    const scaled = (scale: number) => {
      const copy = bytes.slice();
      new DataView(copy.buffer).setFloat32(80, scale, true);
      return codeOf(copy, expected);
    };
    expect(scaled(-1)).toBe('codec-corrupt');
    expect(scaled(Number.POSITIVE_INFINITY)).toBe('codec-corrupt');
    expect(scaled(Number.NEGATIVE_INFINITY)).toBe('codec-corrupt');
    expect(scaled(Number.NaN)).toBe('accepted');
    expect(codeOf(bytes.subarray(0, -1), expected)).toBe('codec-truncated');
    expect(codeOf(Uint8Array.of(...bytes, 0), expected)).toBe('codec-length');
  });

  it('[DC2] lays the bytes out as the specification says, at any offset in a buffer', () => {
    const bytes = encodeValues(Float32Array.of(1, -2, Number.NaN), 'f16', owner);
    const header = ['5046444c', '01', '01', '0000', '03000000', HASH_A, HASH_B];
    expect(Buffer.from(bytes).toString('hex')).toBe(`${header.join('')}003c00c0007e`);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeValues(shifted.subarray(3), { ...owner, count: 3 })).toEqual(Float32Array.of(1, -2, Number.NaN));
  });

  it('[DC2] says of itself whose it is', () => {
    for (const dtype of wireDtypes) {
      const bytes = encodeValues(Float32Array.of(1, 2, 3), dtype, owner);
      expect(readValuesHeader(bytes)).toEqual({ dtype, count: 3, ...owner });
      expect(() => readValuesHeader(bytes.subarray(0, 75))).toThrow(ProtocolError);
    }
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
    expect(codeOf(changed(bytes, 5, 3), expected)).toBe('codec-dtype');
    expect(codeOf(changed(bytes, 5, 9), expected)).toBe('codec-dtype');
    expect(codeOf(encodeValues(Float32Array.of(1, 2), 'f16', owner), expected)).toBe('codec-dtype');
    expect(codeOf(changed(bytes, 7, 1), expected)).toBe('codec-corrupt');
    expect(codeOf(bytes, { ...expected, layoutHash: HASH_B })).toBe('codec-layout');
    expect(codeOf(bytes, { ...expected, maskHash: HASH_A })).toBe('codec-mask');
    expect(codeOf(bytes, { ...expected, count: 3 })).toBe('codec-length');
  });

  it('[DC2] answers anything else with a codec error', () => {
    const [f16, int8] = (['f16', 'int8'] as const).map((dtype) => encodeValues(new Float32Array(0), dtype, owner));
    const header = f16 as Uint8Array;
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.uint8Array({ maxLength: 90 }).map((tail) => Uint8Array.of(...header, ...tail)),
      fc
        .uint8Array({ maxLength: 90 })
        .map((tail) => changed(Uint8Array.of(...(int8 as Uint8Array), ...tail), 8, Math.max(0, tail.length - 4))),
      fc
        .tuple(fc.nat(8 * header.length - 1), fc.uint8Array({ maxLength: 9 }))
        .map(([bit, tail]) =>
          Uint8Array.of(...changed(header, bit >> 3, (header[bit >> 3] as number) ^ (1 << (bit & 7))), ...tail),
        ),
    );
    fc.assert(
      fc.property(bytes, fc.nat(100), fc.boolean(), (damaged, other, asItSays) => {
        const count = asItSays ? (damaged[8] ?? other) : other;
        const code = codeOf(damaged, { ...owner, count });
        if (code !== 'accepted') expect(code).toMatch(/^codec-/);
        else expect(damaged.length).toBe(valuesByteLength(count, wireDtypes[damaged[5] as number] as WireDtype));
      }),
      { numRuns: 1000 },
    );
  });
});
