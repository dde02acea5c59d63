import type * as tf from '@tensorflow/tfjs-core';
import { beforeAll, it } from 'vitest';
import { startWasm } from '../../../test/backend.ts';
import { expectSame, normal } from '../../../test/op-check.ts';
import { composedRmsNorm, rmsNorm } from './rms-norm.ts';

beforeAll(startWasm);

it.each([
  [1, 4],
  [9, 6],
])('rmsNorm of [%i, %i] is its composed reference', async (rows, width) => {
  const weight = normal([width], 1) as tf.Tensor1D;
  await expectSame(
    ([x]) => rmsNorm(x as tf.Tensor2D, weight, 1e-5),
    ([x]) => composedRmsNorm(x as tf.Tensor2D, weight, 1e-5),
    [normal([rows, width], 2)],
  );
});
