import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { startWasm } from '../../../test/backend.ts';
import { expectClose, normal } from '../../../test/op-check.ts';
import { matMul } from './mat-mul.ts';

beforeAll(startWasm);

it.each([
  [false, false],
  [true, false],
  [false, true],
  [true, true],
])('multiplies like the stock op, transposed %s and %s', async (transposeA, transposeB) => {
  const before = tf.memory().numTensors;
  const a = normal(transposeA ? [7, 5] : [5, 7], 1) as tf.Tensor2D;
  const b = normal(transposeB ? [6, 7] : [7, 6], 2) as tf.Tensor2D;
  const ours = matMul(a, b, transposeA, transposeB);
  const stock = tf.matMul(a, b, transposeA, transposeB);
  await expectClose(ours, stock);
  tf.dispose([a, b]);
  expect(tf.memory().numTensors).toBe(before);
});
