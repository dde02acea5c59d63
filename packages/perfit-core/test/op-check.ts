import { gaussian, seededRandom } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { registerStockGradients } from '../src/ops/stock-gradients/stock-gradients.ts';

/** Every number within 2e-5 of what it should be. */
export function expectClose(ours: tf.Tensor, expected: tf.Tensor): void {
  expect(ours.shape).toEqual(expected.shape);
  expect(furthest(ours.dataSync(), expected.dataSync())).toBeLessThan(2e-5);
}

type Op = (inputs: tf.Tensor[]) => tf.Tensor;

/** Normal numbers of a shape; the caller disposes them. */
export function normal(shape: number[], seed: number): tf.Tensor {
  const random = seededRandom(seed);
  const size = shape.reduce((product, width) => product * width, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => gaussian(random)),
    shape,
  );
}

/**
 * Holds an op against its composed reference: the values, and the gradient of every input at a few coordinates against
 * central differences of the reference. Also: nothing that either makes is left behind.
 */
export function expectSame(op: Op, composed: Op, inputs: tf.Tensor[]): void {
  registerStockGradients();
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const ours = op(inputs);
    const reference = composed(inputs);
    expectClose(ours, reference);

    // The gradient of Σ weights · op(inputs) with weights that tell all outputs apart.
    const weights = normal(reference.shape, 99);
    const weighted = (run: Op, at: tf.Tensor[]) => tf.sum(tf.mul(run(at), weights)).dataSync()[0] as number;
    const grads = tf.grads((...at: tf.Tensor[]) => op(at))(inputs, weights);
    inputs.forEach((input, i) => {
      const grad = grads[i]?.dataSync() as Float32Array;
      const values = input.dataSync() as Float32Array;
      for (const p of coordinates(values.length)) {
        const h = 1e-2;
        const moved = (by: number) => {
          const at = values.slice();
          at[p] = (at[p] as number) + by;
          return inputs.map((other, j) => (j === i ? tf.tensor(at, input.shape) : other));
        };
        const expected = (weighted(composed, moved(h)) - weighted(composed, moved(-h))) / (2 * h);
        expect(Math.abs((grad[p] as number) - expected), `input ${i}, coordinate ${p}`).toBeLessThan(
          5e-3 * (1 + Math.abs(expected)),
        );
      }
    });
  });
  expect(tf.memory().numTensors).toBe(before);
}

function coordinates(size: number): number[] {
  return Array.from({ length: Math.min(size, 6) }, (_, i) => Math.floor(((i + 0.5) * size) / Math.min(size, 6)));
}

function furthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}
