import type * as tf from '@tensorflow/tfjs-core';
import { beforeAll, it } from 'vitest';
import { startWasm } from '../../../test/backend.ts';
import { expectSame, normal } from '../../../test/op-check.ts';
import { composedSwiglu, swiglu } from './swiglu.ts';

beforeAll(startWasm);

it('swiglu is its composed reference', async () => {
  await expectSame(
    ([gate, up]) => swiglu(gate as tf.Tensor2D, up as tf.Tensor2D),
    ([gate, up]) => composedSwiglu(gate as tf.Tensor2D, up as tf.Tensor2D),
    [normal([5, 8], 1), normal([5, 8], 2)],
  );
});
