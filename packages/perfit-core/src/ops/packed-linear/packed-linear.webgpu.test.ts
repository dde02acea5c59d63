import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../../testing/needs.ts';
import { normalValues } from '../../../test/op-check.ts';
import { shareRows, startWebGpu } from '../../../test/webgpu.ts';
import type { RowLanes } from '../../wgsl/row-lanes.ts';
import type { TileShape } from '../../wgsl/tiled-product.ts';
import { type Format, packRows, unpackRows } from '../packed-matrix/formats.ts';
import { PackedMatrix } from '../packed-matrix/packed-matrix.ts';
import {
  linearBackward,
  linearForward,
  loraDown,
  loraDownGradient,
  loraGradients,
  type PackedAdapter,
  type PackedLinear,
} from './packed-linear.ts';
import { vectorProduct } from './packed-vector.ts';

interface Case {
  loop: TileShape['loop'];
  lanes: RowLanes;
  format: Format;
  rows: number;
  inWidth: number;
  /** Output widths of the projections, and which of them are adapted. */
  widths: number[];
  adapted: boolean[];
  rank: number;
  bias: boolean;
  residual: boolean;
  seed: number;
}

/** What a program is compiled for; shapes vary within it. */
const programs: [
  string,
  Pick<Case, 'loop' | 'lanes' | 'format' | 'adapted' | 'bias' | 'residual'> & { fours: boolean },
][] = [
  [
    'f32, odd widths, three adapters, staged',
    all({ loop: 'staged', lanes: 'workgroup', format: 'f32', adapted: [true, true, true] }),
  ],
  ['f32, odd widths, two adapters, direct', all({ loop: 'direct', format: 'f32', adapted: [true, true] })],
  ['f16, two of three adapted', all({ loop: 'direct', format: 'f16', adapted: [true, false, true], fours: true })],
  ['q4_1, three adapted', all({ loop: 'direct', format: 'q4_1', adapted: [true, true, true], fours: true })],
  ['int8, no adapter, odd widths', all({ loop: 'unrolled', format: 'int8', adapted: [false], bias: true })],
  [
    'int4, one adapter',
    all({ loop: 'unrolled', lanes: 'workgroup', format: 'int4', adapted: [true], fours: true, residual: true }),
  ],
];

function all<T extends object>(given: T) {
  return { lanes: 'subgroup' as const, bias: false, residual: false, fours: false, ...given };
}

describe('a packed linear layer with its adapters', needsWebGpu, () => {
  beforeAll(startWebGpu);

  it.each(programs)(
    '%s: is what the formula says, forward and backward',
    async (_, program) => {
      const { fours, ...fixed } = program;
      const modules = fixed.adapted.length;
      const width = fc.integer({ min: 1, max: 70 }).map((width) => (fours ? 4 * Math.ceil(width / 4) : width));
      // Odd shapes take the programs that read one by one.
      const odd = width.map((width) => (fours ? width : width | 1));
      const shapes = fc.record({
        rows: fc.integer({ min: 1, max: 70 }),
        inWidth: odd,
        widths: fc.array(fours ? width : odd, { minLength: modules, maxLength: modules }),
        rank: fours ? fc.constantFrom(4, 8, 20) : fc.constantFrom(1, 3, 17),
        seed: fc.nat(1000),
      });
      const before = tf.memory().numTensors;
      await fc.assert(
        fc.asyncProperty(shapes, (shape) => check({ ...fixed, ...shape })),
        { numRuns: 6 },
      );
      expect(tf.memory().numTensors).toBe(before);
    },
    120_000,
  );
});

async function check(shape: Case): Promise<void> {
  const { loop, lanes, format, rows, inWidth, widths, rank, seed } = shape;
  const tile: TileShape = { loop, tileM: 16, tileN: 32, tileK: 16, threadM: 4, threadN: 4 };
  shareRows(lanes);
  const tiles = { wide: tile, narrow: tile };
  const outWidth = widths.reduce((sum, width) => sum + width, 0);
  const scale = 0.75;
  const w = normalValues(outWidth * inWidth, seed);
  const weight = PackedMatrix.from(format, w, { rows: outWidth, columns: inWidth });
  const used = unpackRows(
    format,
    packRows(format, { dtype: 'F32', values: w }, { rows: outWidth, columns: inWidth }),
    outWidth,
    inWidth,
  );

  // Something else lies before, between and behind the pairs in theta.
  let offset = 4;
  const take = (size: number) => {
    const at = offset;
    offset += rank % 4 === 0 ? 4 * Math.ceil(size / 4) : size;
    return at;
  };
  let start = 0;
  const modules: PackedAdapter['modules'][number][] = [];
  widths.forEach((width, j) => {
    if (shape.adapted[j]) {
      modules.push({ start, width, offsetA: take(rank * inWidth), offsetB: take(rank * width) });
    }
    start += width;
  });
  const size = take(4) + 4;
  const thetaValues = normalValues(size, seed + 1);
  const theta = tf.tensor1d(thetaValues);
  const adapter: PackedAdapter | null = modules.length > 0 ? { theta, rank, scale, modules } : null;

  const xValues = normalValues(rows * inWidth, seed + 2);
  const dyValues = normalValues(rows * outWidth, seed + 3);
  const x = tf.tensor2d(xValues, [rows, inWidth]);
  const dy = tf.tensor2d(dyValues, [rows, outWidth]);
  const biasValues = normalValues(outWidth, seed + 4);
  const restValues = normalValues(rows * outWidth, seed + 5);
  const bias = shape.bias ? tf.tensor1d(biasValues) : null;
  const residual = shape.residual ? tf.tensor2d(restValues, [rows, outWidth]) : null;
  const linear: PackedLinear = { weight, bias };

  const at = (values: ArrayLike<number>, width: number) => (row: number, column: number) =>
    values[row * width + column] as number;
  const X = at(xValues, inWidth);
  const W = at(used, inWidth);
  const dY = at(dyValues, outWidth);
  const A = (j: number) => (r: number, i: number) =>
    thetaValues[(modules[j]?.offsetA as number) + r * inWidth + i] as number;
  const B = (j: number) => (o: number, r: number) =>
    thetaValues[(modules[j]?.offsetB as number) + o * rank + r] as number;
  const sum = (count: number, term: (i: number) => number) => {
    let total = 0;
    for (let i = 0; i < count; i++) total += term(i);
    return total;
  };
  const lowOf = (m: number, j: number, r: number) => scale * sum(inWidth, (i) => X(m, i) * A(j)(r, i));
  const dLowOf = (m: number, j: number, r: number) => {
    const { start, width } = modules[j] as (typeof modules)[number];
    return scale * sum(width, (o) => dY(m, start + o) * B(j)(o, r));
  };
  const table = (height: number, width: number, of: (row: number, column: number) => number) =>
    Float64Array.from({ length: height * width }, (_, p) => of(Math.floor(p / width), p % width));
  const lowWidth = modules.length * rank;
  const expectedLow = table(rows, lowWidth, (m, c) => lowOf(m, Math.floor(c / rank), c % rank));
  const expectedDLow = table(rows, lowWidth, (m, c) => dLowOf(m, Math.floor(c / rank), c % rank));
  const Low = at(expectedLow, lowWidth);
  const DLow = at(expectedDLow, lowWidth);

  const low = adapter && loraDown(x, adapter, tiles);
  if (low) await expectNear(low, expectedLow);
  const y = linearForward(x, linear, { adapter, low, residual }, tiles);
  const expectedY = table(rows, outWidth, (m, o) => {
    const j = modules.findIndex(({ start, width }) => o >= start && o < start + width);
    const adapted = j < 0 ? 0 : sum(rank, (r) => Low(m, j * rank + r) * B(j)(o - (modules[j]?.start as number), r));
    const base = sum(inWidth, (i) => X(m, i) * W(o, i));
    return base + adapted + (bias ? (biasValues[o] as number) : 0) + (residual ? at(restValues, outWidth)(m, o) : 0);
  });
  await expectNear(y, expectedY);
  // The first row alone, by the program of generation.
  const first = (tensor: tf.Tensor2D | null) => tensor && (tf.slice(tensor, [0, 0], [1, -1]) as tf.Tensor2D);
  const one = { x: first(x) as tf.Tensor2D, low: first(low), residual: first(residual) };
  const alone = vectorProduct(one.x, weight, { bias, residual: one.residual, adapter, low: one.low });
  await expectNear(alone, expectedY.subarray(0, outWidth));
  tf.dispose([alone, ...Object.values(one).filter((tensor) => tensor !== null)]);
  const dLow = adapter && loraDownGradient(dy, adapter, tiles);
  if (dLow) await expectNear(dLow, expectedDLow);
  const dx = linearBackward(dy, linear, { adapter, dLow }, tiles);
  await expectNear(
    dx,
    table(rows, inWidth, (m, i) => {
      const base = sum(outWidth, (o) => dY(m, o) * W(o, i));
      return base + sum(modules.length, (j) => sum(rank, (r) => DLow(m, j * rank + r) * A(j)(r, i)));
    }),
  );
  if (adapter && low && dLow) {
    const gradient = tf.tensor1d(thetaValues);
    const expected = Float64Array.from(thetaValues);
    for (const add of [false, true]) {
      loraGradients({ x, dy, low, dLow, gradient, add }, adapter, tiles);
      modules.forEach(({ start, width, offsetA, offsetB }, j) => {
        for (let r = 0; r < rank; r++) {
          for (let i = 0; i < inWidth; i++) {
            const p = offsetA + r * inWidth + i;
            expected[p] = (add ? (expected[p] as number) : 0) + sum(rows, (m) => DLow(m, j * rank + r) * X(m, i));
          }
          for (let o = 0; o < width; o++) {
            const p = offsetB + o * rank + r;
            expected[p] =
              (add ? (expected[p] as number) : 0) + sum(rows, (m) => dY(m, start + o) * Low(m, j * rank + r));
          }
        }
      });
      await expectNear(gradient, expected);
    }
    gradient.dispose();
  }
  weight.dispose();
  tf.dispose([theta, x, dy, y, dx, ...[bias, residual, low, dLow].filter((tensor) => tensor !== null)]);
}

/** Within the noise of f32 sums of a few hundred products. */
async function expectNear(found: tf.Tensor, expected: Float64Array): Promise<void> {
  const values = await found.data();
  expect(values.length).toBe(expected.length);
  const most = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  for (let p = 0; p < expected.length; p++) {
    const error = Math.abs((values[p] as number) - (expected[p] as number));
    if (!(error < 2e-5 * most)) expect(error, `position ${p} of [${found.shape}]`).toBeLessThan(2e-5 * most);
  }
}
