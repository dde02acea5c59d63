import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { expectClose, normal } from '../../../test/op-check.ts';
import { nodeBackend } from '../../node/node-backend.ts';
import { FrozenMatrix } from './frozen-matrix.ts';

beforeAll(async () => {
  await nodeBackend({ prefer: 'wasm' });
});

it('multiplies forward and backward, reads rows, and frees all it made', () => {
  const before = tf.memory().numTensors;
  const values = Float32Array.from({ length: 15 }, (_, i) => Math.sin(i));
  const matrix = new FrozenMatrix(values, 5, 3);
  tf.tidy(() => {
    const stock = tf.tensor2d(values, [5, 3]);
    const x = normal([4, 3], 1) as tf.Tensor2D;
    const y = normal([4, 5], 2) as tf.Tensor2D;
    expectClose(matrix.forward(x), tf.matMul(x, stock, false, true));
    expectClose(matrix.backward(y), tf.matMul(y, stock));
    expectClose(matrix.rows(tf.tensor1d([4, 0, 4], 'int32')), tf.gather(stock, tf.tensor1d([4, 0, 4], 'int32')));
    expectClose(matrix.natural, stock);
  });
  matrix.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
