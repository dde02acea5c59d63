import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../../testing/needs.ts';
import { leavingNothing } from '../../../test/f64-check.ts';
import { normalValues } from '../../../test/op-check.ts';
import { startWebGpu } from '../../../test/webgpu.ts';
import { copyColumns } from './copy-columns.ts';

/** Of a matrix that is copied from: what lies left and right of the columns. */
const margins = fc.record({ left: fc.nat(5), right: fc.nat(5) });

const shapes = fc.record({
  rows: fc.integer({ min: 1, max: 9 }),
  width: fc.constantFrom(1, 5, 7, 64, 192),
  firstRow: fc.nat(4),
  rowsBehind: fc.nat(2),
  first: margins,
  second: margins,
});

describe('copyColumns', needsWebGpu, () => {
  beforeAll(startWebGpu);

  it('writes columns of two matrices into rows of two others, and nothing else', async () => {
    await leavingNothing(() => fc.assert(fc.asyncProperty(shapes, check), { numRuns: 8 }));
  });

  it('copies both from one matrix', async () => {
    await leavingNothing(async () => {
      const tensor = tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8], [2, 4]);
      const to = [tf.zeros([2, 2]), tf.zeros([2, 2])] as [tf.Tensor2D, tf.Tensor2D];
      const columns = (column: number) => ({ tensor, column, stride: 4 });
      copyColumns([columns(2), columns(1)], to, { rows: 2, width: 2, firstRow: 0 });
      expect([...(await to[0].data())]).toEqual([3, 4, 7, 8]);
      expect([...(await to[1].data())]).toEqual([2, 3, 6, 7]);
      tf.dispose([tensor, ...to]);
    });
  });

  it('copies more than workgroups in one dimension reach', async () => {
    await leavingNothing(async () => {
      const [rows, width] = [65_536, 65];
      const values = Float32Array.from({ length: rows * width }, (_, p) => p);
      const tensor = tf.tensor2d(values, [rows, width]);
      const to = [tf.zeros([rows, width]), tf.zeros([rows, width])] as [tf.Tensor2D, tf.Tensor2D];
      const all = { tensor, column: 0, stride: width };
      copyColumns([all, all], to, { rows, width, firstRow: 0 });
      for (const copy of to) {
        const found = await copy.data();
        expect(values.findIndex((value, p) => value !== found[p])).toBe(-1);
      }
      tf.dispose([tensor, ...to]);
    });
  });
});

async function check(shape: typeof shapes extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
  const { rows, width, firstRow, rowsBehind } = shape;
  const height = firstRow + rows + rowsBehind;
  const sides = [shape.first, shape.second].map(({ left, right }, i) => {
    const stride = left + width + right;
    const values = normalValues(rows * stride, i);
    const held = normalValues(height * width, 2 + i);
    const expected = held.slice();
    for (let row = 0; row < rows; row++) {
      const columns = values.subarray(row * stride + left, row * stride + left + width);
      expected.set(columns, (firstRow + row) * width);
    }
    const from = { tensor: tf.tensor2d(values, [rows, stride]), column: left, stride };
    return { from, to: tf.tensor2d(held, [height, width]), expected };
  });
  const [first, second] = sides as [(typeof sides)[number], (typeof sides)[number]];
  copyColumns([first.from, second.from], [first.to, second.to], { rows, width, firstRow });
  for (const { from, to, expected } of sides) {
    expect(await to.data()).toEqual(expected);
    tf.dispose([from.tensor, to]);
  }
}
