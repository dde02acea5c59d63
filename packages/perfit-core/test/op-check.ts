import { gaussian, seededRandom } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { registerStockGradients } from '../src/ops/stock-gradients/stock-gradients.ts';

type Op = (inputs: tf.Tensor[]) => tf.Tensor;

/** Normal numbers. @returns row-major */
export function normalValues(size: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: size }, () => gaussian(random));
}

/** Normal numbers of a shape; the caller disposes them. */
export function normal(shape: number[], seed: number): tf.Tensor {
  const size = shape.reduce((product, width) => product * width, 1);
  return tf.tensor(normalValues(size, seed), shape);
}

/** Every number within 2e-5 of what it should be. Disposes both. */
export async function expectClose(ours: tf.Tensor, expected: tf.Tensor): Promise<void> {
  expect(ours.shape).toEqual(expected.shape);
  const [values, reference] = [await read(ours), await read(expected)];
  const furthest = values.reduce((most, value, i) => Math.max(most, Math.abs(value - (reference[i] as number))), 0);
  expect(furthest).toBeLessThan(2e-5);
}

/**
 * Holds an op against its composed reference: the values, and the gradient of every input at a few coordinates against
 * central differences of the reference. Also: nothing that either makes is left behind.
 */
export async function expectSame(op: Op, composed: Op, inputs: tf.Tensor[]): Promise<void> {
  registerStockGradients();
  const before = tf.memory().numTensors;
  const reference = tf.tidy(() => composed(inputs));
  // The gradient of Σ weights · op(inputs) with weights that tell all outputs apart.
  const weights = normal(reference.shape, 99);
  await expectClose(
    tf.tidy(() => op(inputs)),
    reference,
  );
  const grads = tf.tidy(() => tf.grads((...at: tf.Tensor[]) => op(at))(inputs, weights));
  const weighted = async (at: tf.Tensor[]) =>
    (await read(tf.tidy(() => tf.sum(tf.mul(composed(at), weights)))))[0] as number;
  for (const [i, input] of inputs.entries()) {
    const grad = await read(grads[i] as tf.Tensor);
    const values = (await input.data()) as Float32Array;
    for (const p of coordinates(values.length)) {
      const h = 1e-2;
      const at = async (by: number) => {
        const moved = tf.tensor(
          values.map((value, j) => (j === p ? value + by : value)),
          input.shape,
        );
        const result = await weighted(inputs.map((other, j) => (j === i ? moved : other)));
        moved.dispose();
        return result;
      };
      const expected = ((await at(h)) - (await at(-h))) / (2 * h);
      const error = Math.abs((grad[p] as number) - expected);
      expect(error, `input ${i}, coordinate ${p}`).toBeLessThan(5e-3 * (1 + Math.abs(expected)));
    }
  }
  weights.dispose();
  expect(tf.memory().numTensors).toBe(before);
}

/** The numbers of a tensor, which it disposes. */
export async function read(tensor: tf.Tensor): Promise<Float32Array> {
  const values = (await tensor.data()) as Float32Array;
  tensor.dispose();
  return values;
}

function coordinates(size: number): number[] {
  return Array.from({ length: Math.min(size, 6) }, (_, i) => Math.floor(((i + 0.5) * size) / Math.min(size, 6)));
}
