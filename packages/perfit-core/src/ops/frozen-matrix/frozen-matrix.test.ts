import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { startWasm } from '../../../test/backend.ts';
import { expectClose, normal } from '../../../test/op-check.ts';
import { FrozenMatrix } from './frozen-matrix.ts';

beforeAll(startWasm);

it('multiplies forward and backward, reads rows, and frees all it made', async () => {
  const before = tf.memory().numTensors;
  const values = Float32Array.from({ length: 15 }, (_, i) => Math.sin(i));
  const matrix = FrozenMatrix.from(values, 5, 3);
  const stock = tf.tensor2d(values, [5, 3]);
  const x = normal([4, 3], 1) as tf.Tensor2D;
  const y = normal([4, 5], 2) as tf.Tensor2D;
  const order = tf.tensor1d([4, 0, 4], 'int32');
  await expectClose(matrix.forward(x), tf.matMul(x, stock, false, true));
  await expectClose(matrix.backward(y), tf.matMul(y, stock));
  await expectClose(matrix.rows(order), tf.gather(stock, order));
  await expectClose(tf.clone(matrix.natural), tf.clone(stock));
  tf.dispose([stock, x, y, order]);
  matrix.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
