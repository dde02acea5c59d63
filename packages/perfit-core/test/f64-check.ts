import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** What a program is told to hold in f32 noise. A sum of terms that cancel has the noise of its largest term. */
export interface InF64 {
  readonly values: Float64Array;
  /** Of the largest term of each value; the values themselves where absent. */
  readonly terms?: Float64Array;
}

/** Every number within 2e-5 · (1 + its size) of what it should be. Disposes what was found. */
export async function expectNear(found: tf.Tensor, { values: expected, terms = expected }: InF64): Promise<void> {
  const values = await found.data();
  expect(values.length).toBe(expected.length);
  for (let p = 0; p < expected.length; p++) {
    const error = Math.abs((values[p] as number) - (expected[p] as number));
    const most = 2e-5 * (1 + Math.abs(terms[p] as number));
    if (!(error < most)) expect(error, `position ${p} of [${found.shape}]`).toBeLessThan(most);
  }
  found.dispose();
}

/** Holds the gradient of Σ dy · forward(at) in f64, all of it, against central differences. */
export function expectDerivative(
  forward: (at: Float64Array) => Float64Array,
  given: { at: Float64Array; dy: Float64Array; gradient: Float64Array },
): void {
  const { at, dy, gradient } = given;
  const h = 1e-5;
  const lossWith = (p: number, by: number) => {
    const y = forward(at.map((value, i) => (i === p ? value + by : value)));
    return dy.reduce((sum, weight, i) => sum + weight * (y[i] as number), 0);
  };
  expect(gradient.length).toBe(at.length);
  gradient.forEach((slope, p) => {
    const expected = (lossWith(p, h) - lossWith(p, -h)) / (2 * h);
    expect(Math.abs(slope - expected), `coordinate ${p}`).toBeLessThan(1e-6 * (1 + Math.abs(expected)));
  });
}

/** Runs a task that must leave no tensor behind. */
export async function leavingNothing(task: () => Promise<void>): Promise<void> {
  const held = () => {
    const { numTensors, numDataBuffers, numBytes } = tf.memory();
    return { numTensors, numDataBuffers, numBytes };
  };
  const before = held();
  await task();
  expect(held()).toEqual(before);
}
