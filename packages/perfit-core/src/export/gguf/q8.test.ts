import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float16ToFloat32 } from '../../weights/stored-values.ts';
import { quantizeQ8 } from './q8.ts';

const scaleOf = (bytes: Uint8Array) => float16ToFloat32(new Uint16Array(bytes.slice(0, 2).buffer))[0] as number;

describe('quantizeQ8', () => {
  it('takes the greatest magnitude to 127, and halves away from zero', () => {
    const values = new Float32Array(32);
    values.set([127, -127, 2.5, -2.5, 0.49, 1.5]);
    const bytes = quantizeQ8(values, 'x');
    expect(bytes.length).toBe(34);
    expect(scaleOf(bytes)).toBe(1);
    expect([...new Int8Array(bytes.buffer, 2, 6)]).toEqual([127, -127, 3, -3, 0, 2]);
  });

  it('has a scale for each block, and zeros for a block of zeros', () => {
    const bytes = quantizeQ8(
      Float32Array.from({ length: 64 }, (_, i) => (i < 32 ? 0 : i - 32)),
      'x',
    );
    expect([...bytes.subarray(0, 34)]).toEqual(Array(34).fill(0));
    expect(new Int8Array(bytes.buffer)[67]).toBe(127);
  });

  it('is off by no more than half a step and what the scale was rounded by', () => {
    const numbers = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(numbers, (list) => {
        const values = Float32Array.from(list);
        const greatest = Math.max(...values.map(Math.abs));
        const bytes = quantizeQ8(values, 'x');
        const scale = scaleOf(bytes);
        const bound = greatest / 254 + greatest * 2 ** -11 + 127 * 2 ** -25 + 1e-6 * greatest;
        for (const [i, value] of values.entries()) {
          expect(Math.abs(scale * (new Int8Array(bytes.buffer)[2 + i] as number) - value)).toBeLessThanOrEqual(bound);
        }
      }),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e8])('refuses %s, wherever it stands', (bad) => {
    for (const at of [0, 13, 31]) {
      const values = new Float32Array(32).fill(1);
      values[at] = bad;
      expect(() => quantizeQ8(values, 'blk.0.attn_q.weight')).toThrow(/blk\.0\.attn_q\.weight/);
    }
  });
});
