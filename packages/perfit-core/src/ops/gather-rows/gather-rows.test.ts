import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startWasm } from '../../../test/backend.ts';
import { expectSame, normal } from '../../../test/op-check.ts';
import { composedReadRows, gatherRows, readRows } from './gather-rows.ts';

beforeAll(startWasm);

describe('gatherRows', () => {
  it('is the stock gather, with a gradient that goes back to the rows that were read', async () => {
    const indices = tf.tensor1d([4, 1, 5], 'int32');
    const inverse = tf.tensor1d([3, 1, 3, 3, 0, 2], 'int32');
    await expectSame(
      ([x]) => gatherRows(x as tf.Tensor2D, { indices, inverse }),
      ([x]) => composedReadRows(x as tf.Tensor2D, indices),
      [normal([6, 3], 1)],
    );
  });

  it('refuses a row that is not there, such as the embedding of an unknown token', async () => {
    const x = normal([6, 3], 1) as tf.Tensor2D;
    expect(() => readRows(x, tf.tensor1d([6], 'int32'))).toThrow(/row 6 .* 6 rows/);
  });
});
