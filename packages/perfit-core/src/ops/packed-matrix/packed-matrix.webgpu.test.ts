import { gaussian, seededRandom } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../../testing/needs.ts';
import { normalValues } from '../../../test/op-check.ts';
import { startWebGpu } from '../../../test/webgpu.ts';
import { float32ToBfloat16 } from '../../weights/safetensors-writer.ts';
import type { StoredValues } from '../../weights/stored-values.ts';
import { PRECISIONS, packRows, unpackRows } from './formats.ts';
import { gatherRows, PackedMatrix } from './packed-matrix.ts';

describe('packRows', () => {
  /** The furthest that a value may move, in units of its block's greatest magnitude. */
  const furthest = { f32: 0, f16: 2 ** -11, int8: 0.5 / 127 + 2 ** -11, int4: 1 / 8 + 2 ** -11 };

  it.each(PRECISIONS)('keeps every value of %s within its step', (precision) => {
    const property = fc.property(fc.nat(), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 70 }), check);
    function check(seed: number, rows: number, columns: number) {
      const random = seededRandom(seed);
      const values = Float32Array.from({ length: rows * columns }, () => gaussian(random));
      const unpacked = unpackRows(
        precision,
        packRows(precision, { dtype: 'F32', values }, { rows, columns }),
        rows,
        columns,
      );
      for (let i = 0; i < values.length; i++) {
        const start = i - ((i % columns) % 32);
        const block = values.subarray(start, Math.min(start + 32, i - (i % columns) + columns));
        const most = block.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        expect(Math.abs((unpacked[i] as number) - (values[i] as number))).toBeLessThanOrEqual(
          furthest[precision] * most * (1 + 1e-6),
        );
      }
    }
    fc.assert(property, { numRuns: 50 });
  });

  it('keeps zeros, and a weight beyond the range of f16 finite', () => {
    const values = Float32Array.of(0, 1e9, -1e9, 0);
    expect([...unpackRows('f16', packRows('f16', { dtype: 'F32', values }, { rows: 2, columns: 2 }), 2, 2)]).toEqual([
      0, 65504, -65504, 0,
    ]);
    const none = new Float32Array(40);
    for (const precision of PRECISIONS) {
      expect(
        unpackRows(precision, packRows(precision, { dtype: 'F32', values: none }, { rows: 1, columns: 40 }), 1, 40),
      ).toEqual(none);
    }
  });
});

describe('PackedMatrix', needsWebGpu, () => {
  beforeAll(startWebGpu);

  it.each(PRECISIONS)('gathers rows of %s as the host unpacks them, split or not', async (precision) => {
    const [rows, columns] = [9, 70];
    const values = normalValues(rows * columns, 4);
    const expected = unpackRows(
      precision,
      packRows(precision, { dtype: 'F32', values }, { rows, columns }),
      rows,
      columns,
    );
    const wanted = [8, 0, 3, 3, 7];
    for (const mostBytes of [undefined, 1200]) {
      const before = tf.memory().numTensors;
      const matrix = PackedMatrix.from(precision, values, { rows, columns, ...(mostBytes ? { mostBytes } : {}) });
      expect(matrix.parts.length > 1).toBe(mostBytes !== undefined && precision !== 'int4' && precision !== 'int8');
      const indices = tf.tensor1d(wanted, 'int32');
      const gathered = gatherRows(matrix, indices);
      const found = await gathered.data();
      wanted.forEach((row, i) => {
        for (let k = 0; k < columns; k++) {
          expect(found[i * columns + k]).toBeCloseTo(expected[row * columns + k] as number, 6);
        }
      });
      matrix.dispose();
      tf.dispose([indices, gathered]);
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  it.each(PRECISIONS)(
    'is the same in %s whatever slabs its rows come in, and however the file holds them',
    async (precision) => {
      // Three blocks a row: two rows share a word of scales. Parts of an even and of an odd number of rows.
      const [rows, columns] = [11, 70];
      const bits = Uint16Array.from(normalValues(rows * columns, 5), float32ToBfloat16);
      const stored: StoredValues = { dtype: 'BF16', values: bits };
      const expected = unpackRows(precision, packRows(precision, stored, { rows, columns }), rows, columns);
      const indices = tf.tensor1d(
        Int32Array.from({ length: rows }, (_, row) => row),
        'int32',
      );
      for (const slabs of [[11], [1, 1, 1, 8], [3, 5, 3], [2, 9]]) {
        for (const mostBytes of [undefined, 1000]) {
          const matrix = PackedMatrix.allocate(precision, rows, columns, mostBytes);
          const writer = matrix.writer();
          let row = 0;
          for (const count of slabs) {
            writer.push({ dtype: 'BF16', values: bits.subarray(row * columns, (row + count) * columns) });
            row += count;
          }
          writer.end();
          const gathered = gatherRows(matrix, indices);
          const found = await gathered.data();
          expect(Math.max(...found.map((value, i) => Math.abs(value - (expected[i] as number))))).toBeLessThan(1e-6);
          gathered.dispose();
          matrix.dispose();
        }
      }
      indices.dispose();
    },
  );
});
