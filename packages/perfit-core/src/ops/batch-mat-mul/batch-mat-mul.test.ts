import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { startWasm } from '../../../test/backend.ts';
import { expectClose, normal } from '../../../test/op-check.ts';
import { batchMatMul, composedBatchMatMul } from './batch-mat-mul.ts';

beforeAll(startWasm);

it.each([
  [1, 5, 7, 3],
  [6, 4, 2, 9],
  [3, 17, 33, 8],
])('multiplies %i matrices like the stock op', async (batch, rows, inner, columns) => {
  const before = tf.memory().numTensors;
  for (const [transposeA, transposeB] of [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const) {
    const a = normal(transposeA ? [batch, inner, rows] : [batch, rows, inner], 1) as tf.Tensor3D;
    const b = normal(transposeB ? [batch, columns, inner] : [batch, inner, columns], 2) as tf.Tensor3D;
    await expectClose(batchMatMul(a, b, transposeA, transposeB), composedBatchMatMul(a, b, transposeA, transposeB));
    tf.dispose([a, b]);
  }
  expect(tf.memory().numTensors).toBe(before);
});

it('sees the new numbers where a buffer of the backend is used again', async () => {
  // XNNPACK packs its right side once for each id: an id that outlived its matrix would give old products.
  for (let round = 0; round < 5; round++) {
    const a = normal([2, 3, 4], round) as tf.Tensor3D;
    const b = normal([2, 4, 5], 10 + round) as tf.Tensor3D;
    await expectClose(batchMatMul(a, b), composedBatchMatMul(a, b, false, false));
    tf.dispose([a, b]);
  }
});
