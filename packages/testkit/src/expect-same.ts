import { expect } from 'vitest';

/** Bit for bit. `toEqual` takes a second for an array of a real adapter's size. */
export function expectSame(actual: Float32Array, expected: Float32Array): void {
  const bytesOf = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  if (bytesOf(actual).equals(bytesOf(expected))) return;
  expect(actual.length).toBe(expected.length);
  const at = actual.findIndex((value, p) => !Object.is(value, expected[p]));
  expect.fail(`position ${at} is ${actual[at]}, not ${expected[at]}`);
}
