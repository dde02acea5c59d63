import type * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { startWasm } from '../../../test/backend.ts';
import { expectSame, normal, read } from '../../../test/op-check.ts';
import { causalAttention, causalMask, composedAttention } from './causal-attention.ts';

beforeAll(startWasm);

it.each([
  { rows: 2, queries: 5, keys: 5, heads: 4, keyHeads: 2, start: 0 },
  { rows: 1, queries: 3, keys: 3, heads: 2, keyHeads: 2, start: 0 },
  { rows: 1, queries: 2, keys: 8, heads: 6, keyHeads: 1, start: 4 },
])('causalAttention of %o is its composed reference', async ({ rows, queries, keys, heads, keyHeads, start }) => {
  const mask = causalMask(heads / keyHeads, queries, keys, start);
  await expectSame(
    ([q, k, v]) => causalAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, mask),
    ([q, k, v]) => composedAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, mask),
    [normal([rows, queries, heads, 6], 1), normal([rows, keys, keyHeads, 6], 2), normal([rows, keys, keyHeads, 6], 3)],
  );
});

it('lets query t see the keys up to start + t', async () => {
  const visible = Array.from(await read(causalMask(2, 2, 4, 1)), (value) => (value === 0 ? 1 : 0));
  expect(visible).toEqual([1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1, 0]);
});
