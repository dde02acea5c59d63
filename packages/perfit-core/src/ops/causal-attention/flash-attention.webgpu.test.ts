import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { inForm } from '../../../../../testing/form.ts';
import { needsWebGpu } from '../../../../../testing/needs.ts';
import { type NaiveAttention, naiveAttention } from '../../../test/naive-attention.ts';
import { expectClose, normalValues, read } from '../../../test/op-check.ts';
import { startWebGpu } from '../../../test/webgpu.ts';
import { WgslRunner } from '../../wgsl/runner.ts';
import { causalMask, composedAttention } from './causal-attention.ts';
import { flashAttention, flashAttentionBackward, type HeadRows } from './flash-attention.ts';

/** What programs are compiled for. Compiling takes a software device seconds, running milliseconds: so few kinds. */
interface Kind {
  readonly headWidth: number;
  /** Query heads a key head. */
  readonly group: number;
  readonly hasStarts: boolean;
}

const all = [
  { headWidth: 12, group: 1, hasStarts: false },
  { headWidth: 32, group: 5, hasStarts: true },
  { headWidth: 64, group: 3, hasStarts: false },
  { headWidth: 80, group: 2, hasStarts: true },
] as const satisfies readonly Kind[];
const kinds = inForm<readonly Kind[]>({ short: [all[0], all[3]], long: all });

interface Case {
  readonly sequences: number;
  readonly keyHeads: number;
  readonly kind: Kind;
  readonly queryRows: number;
  /** Lengths of the examples in a sequence, until it is full; not looked at where no starts are given. */
  readonly examples: readonly number[];
  readonly firstPosition: number;
  /** Rows of the cache that no query sees. */
  readonly unseen: number;
  /** Elements of a row around what is read. */
  readonly margin: number;
}

const arbitraryCase = (queryRows: fc.Arbitrary<number>): fc.Arbitrary<Case> =>
  fc.record({
    sequences: fc.integer({ min: 1, max: 2 }),
    keyHeads: fc.integer({ min: 1, max: 2 }),
    kind: fc.constantFrom(...kinds),
    queryRows,
    examples: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 4 }),
    firstPosition: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 150 })),
    unseen: fc.integer({ min: 0, max: 70 }),
    margin: fc.constantFrom(0, 4, 8),
  });

/** Training has nothing but its own rows. */
const arbitraryTraining = arbitraryCase(fc.integer({ min: 1, max: 70 })).map((c) => ({
  ...c,
  firstPosition: 0,
  unseen: 0,
}));

describe('flash attention', needsWebGpu, () => {
  beforeAll(startWebGpu);
  // The first test of a kind compiles its programs.
  vi.setConfig({ testTimeout: 120_000 });

  it.each([
    ['many queries', fc.integer({ min: 2, max: 70 }), inForm({ short: 6, long: 40 })],
    ['one query', fc.constant(1), inForm({ short: 6, long: 40 })],
  ])('gives what the formula gives, over %s', async (_, queryRows, numRuns) => {
    await fc.assert(fc.asyncProperty(arbitraryCase(queryRows), expectForward), { numRuns });
  });

  it('sees no more than a slice of keys, just one, or one more', async () => {
    for (const firstPosition of [0, 62, 63, 64]) await expectForward({ ...plain, queryRows: 1, firstPosition });
  });

  it('gives the gradients that the formula gives', async () => {
    await fc.assert(fc.asyncProperty(arbitraryTraining, expectBackward), { numRuns: inForm({ short: 4, long: 50 }) });
  });

  it.each(kinds)('goes over several tiles with %o', async (kind) => {
    const c = { ...plain, kind, queryRows: 70, examples: [50, 3] };
    await expectForward(c);
    await expectBackward(c);
  });

  it('is the composed attention', async () => {
    const [q, k, v] = [normal4d([2, 40, 2, 12], 1), normal4d([2, 40, 2, 12], 2), normal4d([2, 40, 2, 12], 3)];
    const mask = causalMask(1, 40, 40);
    const { out, logSumExp } = flashAttention({
      queries: { tensor: q, column: 0, stride: 24, rowsPerSequence: 40 },
      keys: { tensor: k, column: 0, stride: 24, rowsPerSequence: 40 },
      values: { tensor: v, column: 0, stride: 24, rowsPerSequence: 40 },
      starts: null,
      shape: { sequences: 2, heads: 2, keyHeads: 2, headWidth: 12 },
    });
    const composed = tf.tidy(() => tf.reshape(composedAttention(q, k, v, mask), [80, 24]));
    await expectClose(out, composed);
    tf.dispose([q, k, v, mask, logSumExp]);
  });

  it('takes one dispatch, two for one query and a long cache, two for the gradients', async () => {
    const count = async (task: () => Promise<void>) => {
      const before = WgslRunner.current().dispatches;
      await task();
      return WgslRunner.current().dispatches - before;
    };
    expect(await count(() => expectForward(plain))).toBe(1);
    expect(await count(() => expectForward({ ...plain, queryRows: 1 }))).toBe(1);
    expect(await count(() => expectForward({ ...plain, queryRows: 1, firstPosition: 100 }))).toBe(2);
    expect(await count(() => expectBackward(plain))).toBe(3);
  });

  it('refuses views that do not fit', () => {
    const tensor = tf.zeros([4, 16]);
    const rows: HeadRows = { tensor, column: 0, stride: 16, rowsPerSequence: 4 };
    const shape = { sequences: 1, heads: 2, keyHeads: 1, headWidth: 8 };
    const attend = (change: object) => () =>
      flashAttention({ queries: rows, keys: rows, values: rows, starts: null, shape, ...change });
    expect(attend({ shape: { ...shape, headWidth: 6 } })).toThrow('6 wide');
    expect(attend({ shape: { ...shape, keyHeads: 3 } })).toThrow('do not share');
    expect(attend({ keys: { ...rows, column: 12 } })).toThrow('keys of attention');
    expect(attend({ shape: { ...shape, sequences: 2 } })).toThrow('queries of attention');
    expect(attend({ firstPosition: 1 })).toThrow('sees 5 keys and is given 4');
    tensor.dispose();
  });
});

const plain: Case = {
  sequences: 1,
  keyHeads: 2,
  kind: { headWidth: 12, group: 1, hasStarts: false },
  queryRows: 40,
  examples: [],
  firstPosition: 0,
  unseen: 0,
  margin: 0,
};

/** A cache whose rows lie apart and hold NaN wherever no query may look. */
async function expectForward(c: Case): Promise<void> {
  const before = tf.memory().numTensors;
  const naive = naiveCase(c);
  const { sequences, queryRows, keyRows, heads, keyHeads, headWidth } = naive;
  const expected = naiveAttention(naive, new Float32Array(naive.q.length));
  const seenRows = c.firstPosition + queryRows;
  const view = (x: Float32Array, width: number, rowsPerSequence: number): HeadRows => {
    const stride = width + 2 * c.margin;
    const apart = new Float32Array(sequences * rowsPerSequence * stride).fill(Number.NaN);
    for (let row = 0; row < sequences * rowsPerSequence; row++) {
      if (row % rowsPerSequence < seenRows)
        apart.set(x.subarray(row * width, (row + 1) * width), row * stride + c.margin);
    }
    return { tensor: tf.tensor1d(apart), column: c.margin, stride, rowsPerSequence };
  };
  const [queries, keys, values] = [
    view(naive.q as Float32Array, heads * headWidth, queryRows),
    view(naive.k as Float32Array, keyHeads * headWidth, keyRows),
    view(naive.v as Float32Array, keyHeads * headWidth, keyRows),
  ];
  const starts = naive.starts && tf.tensor1d(naive.starts, 'int32');
  const shape = { sequences, heads, keyHeads, headWidth };
  const { firstPosition } = c;
  const { out, logSumExp } = flashAttention({ queries, keys, values, starts, shape, firstPosition });
  expect(out.shape).toEqual([sequences * queryRows, heads * headWidth]);
  expectNear('out', await read(out), expected.out);
  expectNear('logSumExp', await read(logSumExp), expected.logSumExp);
  tf.dispose([queries.tensor, keys.tensor, values.tensor, ...(starts ? [starts] : [])]);
  expect(tf.memory().numTensors).toBe(before);
}

/** The tensors of a training step: rotated [M, (H + K)·d] and qkv [M, (H + 2K)·d], gradients into what holds NaN. */
async function expectBackward(c: Case): Promise<void> {
  const before = tf.memory().numTensors;
  const naive = naiveCase(c);
  const { sequences, queryRows, heads, keyHeads, headWidth, q, k, v } = naive;
  const dOutValues = normalValues(q.length, 4);
  const expected = naiveAttention(naive, dOutValues);
  const rows = sequences * queryRows;
  const [queryWidth, keyWidth] = [heads * headWidth, keyHeads * headWidth];
  const stride = queryWidth + 2 * keyWidth;
  const inputs = tf.tidy(() => {
    const [query, key, value] = [
      tf.tensor2d(q as Float32Array, [rows, queryWidth]),
      tf.tensor2d(k as Float32Array, [rows, keyWidth]),
      tf.tensor2d(v as Float32Array, [rows, keyWidth]),
    ];
    return {
      rotated: tf.concat([query, key], 1),
      qkv: tf.concat([tf.fill([rows, queryWidth + keyWidth], Number.NaN), value], 1),
      dOut: tf.tensor2d(dOutValues, [rows, queryWidth]),
      dRotated: tf.fill<tf.Rank.R2>([rows, queryWidth + keyWidth], Number.NaN),
      dQkv: tf.fill<tf.Rank.R2>([rows, stride], 7),
    };
  });
  const { rotated, qkv, dOut, dRotated, dQkv } = inputs;
  const starts = naive.starts && tf.tensor1d(naive.starts, 'int32');
  const attention = {
    queries: { tensor: rotated, column: 0, stride: queryWidth + keyWidth, rowsPerSequence: queryRows },
    keys: { tensor: rotated, column: queryWidth, stride: queryWidth + keyWidth, rowsPerSequence: queryRows },
    values: { tensor: qkv, column: queryWidth + keyWidth, stride, rowsPerSequence: queryRows },
    starts,
    shape: { sequences, heads, keyHeads, headWidth },
  };
  const { out, logSumExp } = flashAttention(attention);
  flashAttentionBackward({ ...attention, out, logSumExp, dOut, dRotated, dQkv });
  const columnsOf = (tensor: tf.Tensor, from: number, width: number) =>
    read(tf.tidy(() => tf.slice(tensor as tf.Tensor2D, [0, from], [rows, width])));
  expectNear('out', await read(out), expected.out);
  expectNear('dQ', await columnsOf(dRotated, 0, queryWidth), expected.dQ);
  expectNear('dK', await columnsOf(dRotated, queryWidth, keyWidth), expected.dK);
  expectNear('dV', await columnsOf(dQkv, queryWidth + keyWidth, keyWidth), expected.dV);
  const untouched = await columnsOf(dQkv, 0, queryWidth + keyWidth);
  expect(untouched.every((value) => value === 7)).toBe(true);
  tf.dispose([rotated, qkv, dOut, dRotated, dQkv, logSumExp, ...(starts ? [starts] : [])]);
  expect(tf.memory().numTensors).toBe(before);
}

function naiveCase(c: Case): NaiveAttention {
  const { sequences, keyHeads, kind, queryRows, firstPosition } = c;
  const { headWidth } = kind;
  const [heads, keyRows] = [keyHeads * kind.group, firstPosition + queryRows + c.unseen];
  const q = normalValues(sequences * queryRows * heads * headWidth, 1);
  const k = normalValues(sequences * keyRows * keyHeads * headWidth, 2);
  const v = normalValues(k.length, 3);
  const starts = kind.hasStarts ? startsOf(c) : null;
  return { sequences, queryRows, keyRows, heads, keyHeads, headWidth, firstPosition, q, k, v, starts };
}

/** The examples one behind the other, over the keys; the last one lasts to the end. */
function startsOf({ sequences, queryRows, firstPosition, examples }: Case): Int32Array {
  return Int32Array.from({ length: sequences * queryRows }, (_, row) => {
    const position = firstPosition + (row % queryRows);
    let start = 0;
    for (const length of examples) if (start + length <= position) start += length;
    return start;
  });
}

function expectNear(name: string, ours: Float32Array, expected: Float64Array): void {
  expect(ours.length).toBe(expected.length);
  let [furthest, where] = [0, 0];
  ours.forEach((value, i) => {
    const reference = expected[i] as number;
    const error = Math.abs(value - reference) / (1 + Math.abs(reference));
    // NaN is further than anything.
    if (!(error <= furthest)) [furthest, where] = [error, i];
  });
  expect(furthest, `${name} at ${where}: ${ours[where]}, not ${expected[where]}`).toBeLessThan(2e-5);
}

const normal4d = (shape: [number, number, number, number], seed: number): tf.Tensor4D =>
  tf.tensor4d(normalValues(shape[0] * shape[1] * shape[2] * shape[3], seed), shape);
