import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { startWasm } from '../../../test/backend.ts';
import { expectSame, normal, read } from '../../../test/op-check.ts';
import { composedRope, rope, ropeTable } from './rope.ts';

const frequencies = Float64Array.of(1, 0.1, 0.01);

beforeAll(startWasm);

it('rope is its composed reference', async () => {
  const table = ropeTable(frequencies, 3, 5);
  await expectSame(
    ([x]) => rope(x as tf.Tensor4D, table),
    ([x]) => composedRope(x as tf.Tensor4D, table),
    [normal([2, 5, 4, 6], 1)],
  );
});

it('turns a pair of features by position times frequency', async () => {
  const table = ropeTable(frequencies, 7, 1);
  const x = tf.tensor4d([1, 0, 0, 0, 0, 0], [1, 1, 1, 6]);
  const [first, , , second] = await read(rope(x, table));
  expect(first).toBeCloseTo(Math.cos(7), 6);
  expect(second).toBeCloseTo(Math.sin(7), 6);
});
