import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../../testing/needs.ts';
import { expectDerivative, expectNear, type InF64, leavingNothing } from '../../../test/f64-check.ts';
import { normalValues } from '../../../test/op-check.ts';
import { lanesOfRows, shareRows, startWebGpu } from '../../../test/webgpu.ts';
import { ropeBackward, ropeForward, ropeTableOnDevice, type Turning } from './rope-wgsl.ts';

interface Case {
  shape: Turning['shape'];
  firstPosition: number;
  /** Positions of the table that nobody needs. */
  more: number;
  normed: boolean;
  eps: number;
  seed: number;
}

/** A rotation in f64. */
interface Rotation {
  readonly shape: Turning['shape'];
  readonly firstPosition: number;
  /** Of queries and of keys, [d] each. */
  readonly norms: readonly [Float64Array, Float64Array] | null;
  readonly eps: number;
}

/** What a program is compiled for: how many threads share a head, and whether it is normalised. */
const programs: [number, string, boolean][] = [
  [2, 'as they are', false],
  [6, 'as they are', false],
  [64, 'as they are', false],
  [2, 'after their norms', true],
  [4, 'after their norms', true],
  [6, 'after their norms', true],
  [64, 'after their norms', true],
  // More pairs than a workgroup has threads.
  [192, 'after their norms', true],
];

describe.each(lanesOfRows)('rotary positions, a %s a row', needsWebGpu, (lanes) => {
  beforeAll(startWebGpu);
  beforeAll(() => shareRows(lanes));

  it.each(programs)('turn heads of %i values %s, forward and backward', async (headWidth, _, normed) => {
    const shapes = fc.record({
      shape: fc
        .record({
          rows: fc.integer({ min: 1, max: 3 }),
          length: fc.integer({ min: 1, max: 7 }),
          keyHeads: fc.integer({ min: 1, max: 3 }),
          group: fc.integer({ min: 1, max: 3 }),
        })
        .map(({ group, ...shape }) => ({ ...shape, heads: group * shape.keyHeads, headWidth })),
      firstPosition: fc.constantFrom(0, 1, 50),
      more: fc.constantFrom(0, 3),
      eps: fc.constantFrom(1e-6, 1e-5, 0.1),
      seed: fc.nat(1000),
    });
    await leavingNothing(() =>
      fc.assert(
        fc.asyncProperty(shapes, (shape) => check({ ...shape, normed })),
        { numRuns: 6 },
      ),
    );
  });

  it('refuses positions behind its table', async () => {
    await leavingNothing(async () => {
      const shape = { rows: 1, length: 2, heads: 1, keyHeads: 1, headWidth: 4 };
      const table = ropeTableOnDevice(frequencies(4), 3);
      const [qkv, dRotated] = [tf.zeros([2, 12]) as tf.Tensor2D, tf.zeros([2, 8]) as tf.Tensor2D];
      const turning = { shape, table, firstPosition: 2, queryNorm: null, keyNorm: null, eps: 0, qkv };
      expect(() => ropeBackward({ ...turning, dRotated, dQkv: qkv })).toThrow('has 3 positions, 4 are needed');
      tf.dispose([table.cos, table.sin, qkv, dRotated]);
    });
  });
});

it.each([false, true])('the gradient of a rotation is the slope of its formula, with norms: %s', (normed) => {
  const shape = { rows: 2, length: 2, heads: 2, keyHeads: 1, headWidth: 6 };
  const values = (size: number, seed: number) => Float64Array.from(normalValues(size, seed));
  const norms = normed ? ([values(6, 1), values(6, 2)] as const) : null;
  const rotation = { shape, firstPosition: 3, norms, eps: 0.1 };
  const [qkv, dy] = [values(4 * widthOf(shape), 3), values(4 * turnedWidthOf(shape), 4)];
  // Values go past the rotation: what it makes of them has no slope.
  const { values: gradient } = backward(qkv, dy, rotation, new Float64Array(qkv.length));
  expectDerivative((at) => forward(at, rotation), { at: qkv, dy, gradient });
});

async function check({ shape, firstPosition, more, normed, eps, seed }: Case): Promise<void> {
  const { rows, length, headWidth } = shape;
  const tokens = rows * length;
  const [width, turnedWidth] = [widthOf(shape), turnedWidthOf(shape)];
  const qkvValues = normalValues(tokens * width, seed);
  const dRotatedValues = normalValues(tokens * turnedWidth, seed + 1);
  const heldValues = normalValues(tokens * width, seed + 2);
  const normValues = normed ? [normalValues(headWidth, seed + 3), normalValues(headWidth, seed + 4)] : null;

  const table = ropeTableOnDevice(frequencies(headWidth), firstPosition + length + more);
  const qkv = tf.tensor2d(qkvValues, [tokens, width]);
  const dRotated = tf.tensor2d(dRotatedValues, [tokens, turnedWidth]);
  const dQkv = tf.tensor2d(heldValues, [tokens, width]);
  const [queryNorm = null, keyNorm = null] = normValues?.map((values) => tf.tensor1d(values)) ?? [];
  const turning: Turning = { shape, table, firstPosition, queryNorm, keyNorm, eps };
  const [queryValues, keyValues] = normValues?.map((values) => Float64Array.from(values)) ?? [];
  const norms = queryValues && keyValues ? ([queryValues, keyValues] as const) : null;
  const rotation: Rotation = { shape, firstPosition, norms, eps };

  const rotated = ropeForward({ ...turning, qkv });
  expect(rotated.shape).toEqual([tokens, turnedWidth]);
  await expectNear(rotated, { values: forward(Float64Array.from(qkvValues), rotation) });

  ropeBackward({ ...turning, qkv, dRotated, dQkv });
  const [qkvInF64, dInF64] = [Float64Array.from(qkvValues), Float64Array.from(dRotatedValues)];
  const found = await dQkv.data();
  const valuesOf = (all: ArrayLike<number>) => Array.from(all).filter((_, p) => p % width >= turnedWidth);
  expect(valuesOf(found)).toEqual(valuesOf(heldValues));
  await expectNear(dQkv, backward(qkvInF64, dInF64, rotation, Float64Array.from(heldValues)));
  tf.dispose([table.cos, table.sin, qkv, dRotated, ...(queryNorm && keyNorm ? [queryNorm, keyNorm] : [])]);
}

function frequencies(headWidth: number): Float64Array {
  return Float64Array.from({ length: headWidth / 2 }, (_, i) => 10_000 ** ((-2 * i) / headWidth));
}

function widthOf({ heads, keyHeads, headWidth }: Turning['shape']): number {
  return (heads + 2 * keyHeads) * headWidth;
}

function turnedWidthOf({ heads, keyHeads, headWidth }: Turning['shape']): number {
  return (heads + keyHeads) * headWidth;
}

function forward(qkv: Float64Array, rotation: Rotation): Float64Array {
  const rotated = new Float64Array(rotation.shape.rows * rotation.shape.length * turnedWidthOf(rotation.shape));
  for (const { x, weight, position, turnedAt } of headsOf(qkv, rotation)) {
    const inverse = weight ? inverseRoot(x, rotation.eps) : 1;
    const normal = x.map((value, i) => value * inverse * (weight?.[i] ?? 1));
    rotated.set(turned(normal, position), turnedAt);
  }
  return rotated;
}

/** With g, the gradient turned back, times the weight: dx = (g − x · mean(g · x) · inverse²) · inverse. */
function backward(qkv: Float64Array, dRotated: Float64Array, rotation: Rotation, held: Float64Array): Required<InF64> {
  const [values, terms] = [held.slice(), held.slice()];
  for (const { x, weight, position, at, turnedAt } of headsOf(qkv, rotation)) {
    const back = turned(dRotated.subarray(turnedAt, turnedAt + x.length), -position);
    const inverse = weight ? inverseRoot(x, rotation.eps) : 1;
    const g = back.map((value, i) => value * (weight?.[i] ?? 1));
    const along = weight ? x.reduce((sum, value, i) => sum + value * (g[i] as number), 0) / x.length : 0;
    x.forEach((value, i) => {
      const term = inverse * (g[i] as number);
      values[at + i] = term - value * along * inverse ** 3;
      terms[at + i] = term;
    });
  }
  return { values, terms };
}

/** The query and key heads of all tokens: what they hold, and where they lie before and after the rotation. */
function* headsOf(qkv: Float64Array, { shape, firstPosition, norms }: Rotation) {
  const { rows, length, heads, keyHeads, headWidth } = shape;
  for (let token = 0; token < rows * length; token++) {
    for (let head = 0; head < heads + keyHeads; head++) {
      const at = token * widthOf(shape) + head * headWidth;
      const turnedAt = token * turnedWidthOf(shape) + head * headWidth;
      const weight = norms && (head < heads ? norms[0] : norms[1]);
      const position = firstPosition + (token % length);
      yield { x: qkv.subarray(at, at + headWidth), weight, position, at, turnedAt };
    }
  }
}

/** Pair i, of values i and i + d/2, turned by position · frequency i. */
function turned(x: Float64Array, position: number): Float64Array {
  const half = x.length / 2;
  const frequency = frequencies(x.length);
  return x.map((value, i) => {
    const angle = position * (frequency[i % half] as number);
    const other = i < half ? -(x[i + half] as number) : (x[i - half] as number);
    return value * Math.cos(angle) + other * Math.sin(angle);
  });
}

function inverseRoot(x: Float64Array, eps: number): number {
  return 1 / Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length + eps);
}
