import { gaussian, seededRandom } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../../testing/needs.ts';
import { normalValues } from '../../../test/op-check.ts';
import { startWebGpu } from '../../../test/webgpu.ts';
import { BLOCK_BYTES, type BlockType } from '../../weights/gguf/tensor-types.ts';
import { float32ToBfloat16 } from '../../weights/safetensors-writer.ts';
import { rowsToFloats, type StoredBlocks } from '../../weights/stored-rows.ts';
import type { StoredValues } from '../../weights/stored-values.ts';
import { FORMATS, packRows, unpackRows } from './formats.ts';
import { gatherRows, PackedMatrix } from './packed-matrix.ts';

describe('packRows', () => {
  /** The furthest that a value may move, in units of its block's greatest magnitude. */
  const furthest = {
    f32: 0,
    f16: 2 ** -11,
    int8: 0.5 / 127 + 2 ** -10,
    int4: 1 / 8 + 2 ** -11,
    q4_1: 1 / 15 + 2 ** -9,
  };

  it.each(FORMATS)('keeps every value of %s within its step', (format) => {
    const property = fc.property(fc.nat(), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 70 }), check);
    function check(seed: number, rows: number, columns: number) {
      const random = seededRandom(seed);
      const values = Float32Array.from({ length: rows * columns }, () => gaussian(random));
      const unpacked = unpackRows(format, packRows(format, { dtype: 'F32', values }, { rows, columns }), rows, columns);
      for (let i = 0; i < values.length; i++) {
        const start = i - ((i % columns) % 32);
        const block = values.subarray(start, Math.min(start + 32, i - (i % columns) + columns));
        const most = block.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        expect(Math.abs((unpacked[i] as number) - (values[i] as number))).toBeLessThanOrEqual(
          furthest[format] * most * (1 + 1e-6),
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
    for (const format of FORMATS) {
      expect(
        unpackRows(format, packRows(format, { dtype: 'F32', values: none }, { rows: 1, columns: 40 }), 1, 40),
      ).toEqual(none);
    }
  });
});

describe('blocks of a GGUF file', () => {
  it.each([
    ['Q8_0', 'int8'],
    ['Q4_0', 'int4'],
    ['Q4_1', 'q4_1'],
  ] as const)('keep every value of %s to the bit', (dtype, format) => {
    const [rows, columns] = [5, 96];
    const stored = randomBlocks(dtype, (rows * columns) / 32);
    const packed = packRows(format, stored, { rows, columns });
    // As bits: a negative zero is another number.
    const bits = (values: Float32Array) => [...new Uint32Array(values.buffer, values.byteOffset, values.length)];
    expect(bits(unpackRows(format, packed, rows, columns))).toEqual(bits(rowsToFloats(stored)));
    // Of another type they are rounded as numbers are.
    const floats = { dtype: 'F32', values: rowsToFloats(stored) } as const;
    for (const other of FORMATS) {
      if (other === format) continue;
      const [fromBlocks, fromFloats] = [stored, floats].map((rowsOf) => packRows(other, rowsOf, { rows, columns }));
      expect(fromBlocks).toEqual(fromFloats);
    }
  });

  function randomBlocks(dtype: BlockType, count: number): StoredBlocks {
    const random = seededRandom(7);
    const values = Uint8Array.from({ length: count * BLOCK_BYTES[dtype] }, () => 256 * random());
    // Scales that are finite: no exponent of all ones.
    for (let at = 0; at < values.length; at += BLOCK_BYTES[dtype]) {
      for (const high of dtype === 'Q4_1' ? [at + 1, at + 3] : [at + 1]) values[high] = (values[high] as number) & 0xbb;
    }
    return { dtype, values };
  }
});

describe('PackedMatrix', needsWebGpu, () => {
  beforeAll(startWebGpu);

  it.each(FORMATS)('gathers rows of %s as the host unpacks them, split or not', async (format) => {
    const [rows, columns] = [9, 70];
    const values = normalValues(rows * columns, 4);
    const expected = unpackRows(format, packRows(format, { dtype: 'F32', values }, { rows, columns }), rows, columns);
    const wanted = [8, 0, 3, 3, 7];
    for (const maxBytes of [undefined, 500]) {
      const before = tf.memory().numTensors;
      const matrix = PackedMatrix.from(format, values, { rows, columns, ...(maxBytes ? { maxBytes } : {}) });
      expect(matrix.parts.length > 1).toBe(maxBytes !== undefined);
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

  it.each(FORMATS)(
    'is the same in %s whatever slabs its rows come in, and however the file holds them',
    async (format) => {
      // Three blocks a row, of which int8 and int4 make four: scales lie in pairs.
      const [rows, columns] = [11, 70];
      const bits = Uint16Array.from(normalValues(rows * columns, 5), float32ToBfloat16);
      const stored: StoredValues = { dtype: 'BF16', values: bits };
      const expected = unpackRows(format, packRows(format, stored, { rows, columns }), rows, columns);
      const indices = tf.tensor1d(
        Int32Array.from({ length: rows }, (_, row) => row),
        'int32',
      );
      for (const slabs of [[11], [1, 1, 1, 8], [3, 5, 3], [2, 9]]) {
        for (const maxBytes of [undefined, 1000]) {
          const matrix = PackedMatrix.allocate(format, rows, columns, maxBytes);
          const writer = matrix.writer();
          let row = 0;
          for (const count of slabs) {
            writer.push({ dtype: 'BF16', values: bits.subarray(row * columns, (row + count) * columns) });
            row += count;
          }
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
