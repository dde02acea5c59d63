import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { expectSame, normal } from '../../../test/op-check.ts';
import { nodeBackend } from '../../node/node-backend.ts';
import { composedRope, rope, ropeTable } from './rope.ts';

const frequencies = Float64Array.of(1, 0.1, 0.01);

beforeAll(async () => {
  await nodeBackend({ prefer: 'wasm' });
});

it('rope is its composed reference', () => {
  const table = ropeTable(frequencies, 3, 5);
  expectSame(
    ([x]) => rope(x as tf.Tensor4D, table),
    ([x]) => composedRope(x as tf.Tensor4D, table),
    [normal([2, 5, 4, 6], 1)],
  );
});

it('turns a pair of features by position times frequency', () => {
  const table = ropeTable(frequencies, 7, 1);
  const x = tf.tensor4d([1, 0, 0, 0, 0, 0], [1, 1, 1, 6]);
  const [first, , , second] = rope(x, table).dataSync();
  expect([first, second]).toEqual([Math.fround(Math.cos(7)), Math.fround(Math.sin(7))]);
});
