import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startWasm } from '../../../test/backend.ts';
import { expectClose, expectSame, normal, normalValues, read } from '../../../test/op-check.ts';
import { FrozenMatrix } from '../frozen-matrix/frozen-matrix.ts';
import { composedHeadCrossEntropy, headCrossEntropy, headLoss } from './head-cross-entropy.ts';

beforeAll(startWasm);

describe('headCrossEntropy', () => {
  it('is its composed reference, padding rows counting nothing', async () => {
    const head = FrozenMatrix.from(normalValues(55, 1), 11, 5);
    void head.natural;
    const targets = { labels: tf.tensor1d([3, 10, 0, 0], 'int32'), weights: tf.tensor1d([0.5, 0.3, 0.2, 0]) };
    await expectSame(
      ([hidden]) => headCrossEntropy(hidden as tf.Tensor2D, head, targets),
      ([hidden]) => composedHeadCrossEntropy(hidden as tf.Tensor2D, head, targets),
      [normal([4, 5], 2)],
    );
  });

  it('gives the same where the logits of all rows would be too many and rows take turns', async () => {
    const head = FrozenMatrix.from(normalValues(55, 1), 11, 5);
    void head.natural;
    const targets = { labels: tf.tensor1d([3, 10, 0, 7, 1], 'int32'), weights: tf.tensor1d([0.2, 0.3, 0.2, 0.3, 0]) };
    const hidden = normal([5, 5], 2) as tf.Tensor2D;
    const twoRows = 2 * head.outWidth;
    await expectSame(
      ([x]) => headCrossEntropy(x as tf.Tensor2D, head, targets, twoRows),
      ([x]) => composedHeadCrossEntropy(x as tf.Tensor2D, head, targets),
      [hidden],
    );
    await expectClose(headLoss(hidden, head, targets, twoRows), headLoss(hidden, head, targets));
  });

  it('stays exact where the label is hopeless: its probability is zero in float32', async () => {
    const head = FrozenMatrix.from(Float32Array.of(100, -100), 2, 1);
    const hidden = tf.tensor2d([1], [1, 1]);
    const loss = headLoss(hidden, head, { labels: tf.tensor1d([1], 'int32'), weights: tf.tensor1d([1]) });
    expect((await read(loss))[0]).toBe(200);
  });
});
