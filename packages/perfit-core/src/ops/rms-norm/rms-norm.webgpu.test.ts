import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../../testing/needs.ts';
import { expectDerivative, expectNear, type InF64, leavingNothing } from '../../../test/f64-check.ts';
import { normalValues } from '../../../test/op-check.ts';
import { lanesOfRows, shareRows, startWebGpu } from '../../../test/webgpu.ts';
import { rmsNormBackward, rmsNormForward } from './rms-norm-wgsl.ts';

interface Norm {
  readonly width: number;
  readonly weight: Float64Array;
  readonly eps: number;
  /** The rows of x that are normalised, in their order; no row twice where the gradient is asked for. */
  readonly read: readonly number[];
}

interface Case {
  width: number;
  height: number;
  /** The rows that are read; all, and no indices for the programs, where null. */
  read: number[] | null;
  residual: boolean;
  zeroRow: boolean;
  eps: number;
  seed: number;
}

/** What a program is compiled for; shapes vary within it. */
const programs: [string, { widths: number[]; selected: boolean; residual: boolean }][] = [
  ['odd widths', { widths: [1, 5, 7, 65, 577], selected: false, residual: false }],
  ['fours, a residual', { widths: [4, 64, 256, 576], selected: false, residual: true }],
  ['odd widths of some rows, a residual', { widths: [1, 5, 7, 65, 577], selected: true, residual: true }],
  ['fours of some rows', { widths: [4, 64, 256, 576], selected: true, residual: false }],
];

describe.each(lanesOfRows)('the norm of rows, a %s a row', needsWebGpu, (lanes) => {
  beforeAll(startWebGpu);
  beforeAll(() => shareRows(lanes));

  it.each(programs)('%s: is what the formula says, forward and backward', async (_, program) => {
    const { widths, selected, residual } = program;
    const shapes = fc.integer({ min: 1, max: 9 }).chain((height) =>
      fc.record({
        height: fc.constant(height),
        width: fc.constantFrom(...widths),
        read: selected ? someOf(height) : fc.constant(null),
        zeroRow: fc.boolean(),
        eps: fc.constantFrom(1e-6, 1e-5, 0.1),
        seed: fc.nat(1000),
      }),
    );
    await leavingNothing(() =>
      fc.assert(
        fc.asyncProperty(shapes, (shape) => check({ ...shape, residual })),
        { numRuns: 8 },
      ),
    );
  });

  it('reads a row as often as it is asked for', async () => {
    await leavingNothing(async () => {
      const [width, eps, read] = [5, 1e-5, [2, 0, 2, 2]];
      const [x, weight] = [normalValues(3 * width, 1), normalValues(width, 2)];
      const tensors = { x: tf.tensor2d(x, [3, width]), weight: tf.tensor1d(weight), rows: tf.tensor1d(read, 'int32') };
      const norm = { width, weight: Float64Array.from(weight), eps, read };
      await expectNear(rmsNormForward({ ...tensors, eps }), { values: forward(Float64Array.from(x), norm) });
      tf.dispose(tensors);
    });
  });
});

it('the gradient of the norm is the slope of its formula', () => {
  const [height, width] = [4, 7];
  const norm = { width, weight: Float64Array.from(normalValues(width, 1)), eps: 0.1, read: [3, 0, 2] };
  const x = Float64Array.from(normalValues(height * width, 2));
  const dy = Float64Array.from(normalValues(norm.read.length * width, 3));
  expectDerivative((at) => forward(at, norm), { at: x, dy, gradient: backward(x, dy, norm).values });
});

async function check({ width, height, read, residual, zeroRow, eps, seed }: Case): Promise<void> {
  const xValues = normalValues(height * width, seed);
  if (zeroRow) xValues.fill(0, 0, width);
  const weightValues = normalValues(width, seed + 1);
  const norm = {
    width,
    weight: Float64Array.from(weightValues),
    eps,
    read: read ?? Array.from({ length: height }, (_, m) => m),
  };
  const count = norm.read.length;
  const dyValues = normalValues(count * width, seed + 2);
  const restValues = residual ? normalValues(height * width, seed + 3) : null;

  const x = tf.tensor2d(xValues, [height, width]);
  const weight = tf.tensor1d(weightValues);
  const dy = tf.tensor2d(dyValues, [count, width]);
  const rest = restValues && tf.tensor2d(restValues, [height, width]);
  const rows = read && tf.tensor1d(read, 'int32');
  const inverse = read && tf.tensor1d(inverseOf(read, height), 'int32');

  const y = rmsNormForward({ x, weight, eps, ...(rows && { rows }) });
  expect(y.shape).toEqual([count, width]);
  await expectNear(y, { values: forward(Float64Array.from(xValues), norm) });

  const dx = rmsNormBackward({ x, weight, eps, dy, residual: rest, ...(inverse && { inverse }) });
  expect(dx.shape).toEqual([height, width]);
  const expected = backward(Float64Array.from(xValues), Float64Array.from(dyValues), norm);
  await expectNear(dx, {
    values: expected.values.map((value, p) => value + (restValues?.[p] ?? 0)),
    terms: expected.terms,
  });
  tf.dispose([x, weight, dy, ...[rest, rows, inverse].filter((tensor) => tensor !== null)]);
}

/** At least one of the rows, each at most once, in any order. */
function someOf(height: number): fc.Arbitrary<number[]> {
  const all = Array.from({ length: height }, (_, m) => m);
  return fc.shuffledSubarray(all, { minLength: 1 });
}

/** Where each row of x lies among those that are read; behind them all, near and far, where nobody reads it. */
function inverseOf(read: readonly number[], height: number): number[] {
  const behind = [read.length, read.length + 1, 2 ** 31 - 1];
  return Array.from({ length: height }, (_, m) => {
    const q = read.indexOf(m);
    return q < 0 ? (behind[m % behind.length] as number) : q;
  });
}

/** y = x / sqrt(mean(x²) + eps) · weight. */
function forward(x: Float64Array, norm: Norm): Float64Array {
  const { width, weight, read } = norm;
  return Float64Array.from(
    read.flatMap((m) => {
      const row = x.subarray(m * width, (m + 1) * width);
      const inverse = inverseRoot(row, norm);
      return Array.from(row, (value, k) => value * inverse * (weight[k] as number));
    }),
  );
}

/** dx = (g − x · mean(g · x) · inverse²) · inverse with g = dy · weight; zero where x is not read. */
function backward(x: Float64Array, dy: Float64Array, norm: Norm): Required<InF64> {
  const { width, weight, read } = norm;
  const [values, terms] = [new Float64Array(x.length), new Float64Array(x.length)];
  read.forEach((m, q) => {
    const row = x.subarray(m * width, (m + 1) * width);
    const inverse = inverseRoot(row, norm);
    const g = weight.map((value, k) => value * (dy[q * width + k] as number));
    const along = row.reduce((sum, value, k) => sum + value * (g[k] as number), 0) / width;
    row.forEach((value, k) => {
      const term = inverse * (g[k] as number);
      values[m * width + k] = term - value * along * inverse ** 3;
      terms[m * width + k] = term;
    });
  });
  return { values, terms };
}

function inverseRoot(row: Float64Array, { width, eps }: Norm): number {
  return 1 / Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / width + eps);
}
