import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../../testing/needs.ts';
import { expectDerivative, expectNear, leavingNothing } from '../../../test/f64-check.ts';
import { normalValues } from '../../../test/op-check.ts';
import { startWebGpu } from '../../../test/webgpu.ts';
import { swigluBackward, swigluForward } from './swiglu-wgsl.ts';

/** What a program is compiled for; shapes vary within it. */
const programs: [string, number[]][] = [
  ['odd widths', [1, 2, 5, 7, 65, 577]],
  ['fours', [4, 64, 576]],
];

/** Gates around and far behind where exp leaves f32. */
const farGates = [0, 17, 79.9, 80.1, 88, 104, 1e4].flatMap((gate) => [gate, -gate]);

describe('silu(gate) · up', needsWebGpu, () => {
  beforeAll(startWebGpu);

  it.each(programs)('%s: is what the formula says, forward and backward', async (_, widths) => {
    const shapes = fc.record({
      rows: fc.integer({ min: 1, max: 9 }),
      width: fc.constantFrom(...widths),
      gates: fc.constantFrom(1, 10),
      seed: fc.nat(1000),
    });
    await leavingNothing(() =>
      fc.assert(
        fc.asyncProperty(shapes, ({ rows, width, gates, seed }) => {
          const gateUp = normalValues(2 * rows * width, seed).map((value, p) =>
            isGate(p, width) ? gates * value : value,
          );
          return check(gateUp, width, seed);
        }),
        { numRuns: 8 },
      ),
    );
  });

  it.each([7, 4])('stays finite far from zero, %i at a time', async (width) => {
    await leavingNothing(() => {
      const rows = farGates.length;
      const gateUp = normalValues(2 * rows * width, 1).map((value, p) =>
        isGate(p, width) ? (farGates[Math.floor(p / (2 * width))] as number) : value,
      );
      return check(gateUp, width, 1);
    });
  });
});

it('the gradient is the slope of the formula', () => {
  const width = 5;
  const gateUp = Float64Array.from(normalValues(6 * width, 1));
  const dy = Float64Array.from(normalValues(3 * width, 2));
  expectDerivative((at) => forward(at, width), { at: gateUp, dy, gradient: backward(gateUp, dy, width) });
});

async function check(gateUpValues: Float32Array, width: number, seed: number): Promise<void> {
  const rows = gateUpValues.length / (2 * width);
  const dyValues = normalValues(rows * width, seed + 1);
  const gateUp = tf.tensor2d(gateUpValues, [rows, 2 * width]);
  const dy = tf.tensor2d(dyValues, [rows, width]);
  const inF64 = Float64Array.from(gateUpValues);

  const y = swigluForward(gateUp);
  expect(y.shape).toEqual([rows, width]);
  await expectNear(y, { values: forward(inF64, width) });
  const dGateUp = swigluBackward({ gateUp, dy });
  expect(dGateUp.shape).toEqual([rows, 2 * width]);
  await expectNear(dGateUp, { values: backward(inF64, Float64Array.from(dyValues), width) });
  tf.dispose([gateUp, dy]);
}

/** A row is its gates, then what they gate. */
function isGate(p: number, width: number): boolean {
  return p % (2 * width) < width;
}

function sigmoid(gate: number): number {
  return 1 / (1 + Math.exp(-gate));
}

function forward(gateUp: Float64Array, width: number): Float64Array {
  return Float64Array.from({ length: gateUp.length / 2 }, (_, p) => {
    const { gate, up } = pairOf(gateUp, p, width);
    return gate * sigmoid(gate) * up;
  });
}

function backward(gateUp: Float64Array, dy: Float64Array, width: number): Float64Array {
  const gradient = new Float64Array(gateUp.length);
  dy.forEach((slope, p) => {
    const { gate, up, at } = pairOf(gateUp, p, width);
    const open = sigmoid(gate);
    gradient[at] = slope * up * open * (1 + gate * (1 - open));
    gradient[at + width] = slope * gate * open;
  });
  return gradient;
}

/** The gate of output p, which lies at `at`, and the value that it gates. */
function pairOf(gateUp: Float64Array, p: number, width: number): { gate: number; up: number; at: number } {
  const at = Math.floor(p / width) * 2 * width + (p % width);
  return { gate: gateUp[at] as number, up: gateUp[at + width] as number, at };
}
