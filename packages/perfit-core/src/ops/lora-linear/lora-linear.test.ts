import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectSame, normal } from '../../../test/op-check.ts';
import { nodeBackend } from '../../node/node-backend.ts';
import { FrozenMatrix } from '../frozen-matrix/frozen-matrix.ts';
import { composedLoraLinear, type LoraPair, loraLinear, plainLinear } from './lora-linear.ts';

const scale = 1.7;

beforeAll(async () => {
  await nodeBackend({ prefer: 'wasm' });
});

describe.each([true, false])('[PF1] loraLinear, with a bias: %s', (hasBias) => {
  it('is its composed reference, with the gradients of x, A and B', () => {
    const weight = new FrozenMatrix(normal([6, 5], 1).dataSync() as Float32Array, 6, 5);
    const linear = { weight, bias: hasBias ? (normal([6], 2) as tf.Tensor1D) : null };
    const pair = (a: tf.Tensor, b: tf.Tensor) => ({ a, b }) as LoraPair;
    void weight.natural; // made on first use, and kept
    const inputs = [normal([7, 5], 3), normal([2, 5], 4), normal([6, 2], 5)];
    expectSame(
      ([x, a, b]) => loraLinear(x as tf.Tensor2D, linear, pair(a as tf.Tensor, b as tf.Tensor), { scale }),
      ([x, a, b]) => composedLoraLinear(x as tf.Tensor2D, linear, pair(a as tf.Tensor, b as tf.Tensor), scale),
      inputs,
    );
    const [x, ...matrices] = inputs as [tf.Tensor2D, tf.Tensor, tf.Tensor];
    const options = { scale, frozenInput: true };
    expectSame(
      ([a, b]) => loraLinear(x, linear, pair(a as tf.Tensor, b as tf.Tensor), options),
      ([a, b]) => composedLoraLinear(x, linear, pair(a as tf.Tensor, b as tf.Tensor), scale),
      matrices,
    );
  });
});

it('plainLinear is the frozen layer alone, with the gradient of x', () => {
  const weight = new FrozenMatrix(normal([6, 5], 1).dataSync() as Float32Array, 6, 5);
  const bias = normal([6], 2) as tf.Tensor1D;
  void weight.natural;
  expectSame(
    ([x]) => plainLinear(x as tf.Tensor2D, { weight, bias }),
    ([x]) => tf.add(tf.matMul(x as tf.Tensor2D, weight.natural, false, true), bias),
    [normal([7, 5], 3)],
  );
  expect(tf.getBackend()).toBe('wasm');
});
