import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, it } from 'vitest';
import { startWasm } from '../../../test/backend.ts';
import { expectSame, normal, normalValues } from '../../../test/op-check.ts';
import { FrozenMatrix } from '../frozen-matrix/frozen-matrix.ts';
import { composedLoraLinear, type LoraPair, loraLinear, plainLinear } from './lora-linear.ts';

const scale = 1.7;

beforeAll(startWasm);

describe.each([true, false])('[PF1] loraLinear, with a bias: %s', async (hasBias) => {
  it('is its composed reference, with the gradients of x, A and B', async () => {
    const weight = FrozenMatrix.from(normalValues(30, 1), 6, 5);
    const linear = { weight, bias: hasBias ? (normal([6], 2) as tf.Tensor1D) : null };
    const pair = (a: tf.Tensor, b: tf.Tensor) => ({ a, b }) as LoraPair;
    void weight.natural; // made on first use, and kept
    const inputs = [normal([7, 5], 3), normal([2, 5], 4), normal([6, 2], 5)];
    await expectSame(
      ([x, a, b]) => loraLinear(x as tf.Tensor2D, linear, pair(a as tf.Tensor, b as tf.Tensor), { scale }),
      ([x, a, b]) => composedLoraLinear(x as tf.Tensor2D, linear, pair(a as tf.Tensor, b as tf.Tensor), scale),
      inputs,
    );
    const [x, ...matrices] = inputs as [tf.Tensor2D, tf.Tensor, tf.Tensor];
    const options = { scale, frozenInput: true };
    await expectSame(
      ([a, b]) => loraLinear(x, linear, pair(a as tf.Tensor, b as tf.Tensor), options),
      ([a, b]) => composedLoraLinear(x, linear, pair(a as tf.Tensor, b as tf.Tensor), scale),
      matrices,
    );
  });
});

it('plainLinear is the frozen layer alone, with the gradient of x', async () => {
  const weight = FrozenMatrix.from(normalValues(30, 1), 6, 5);
  const bias = normal([6], 2) as tf.Tensor1D;
  void weight.natural;
  await expectSame(
    ([x]) => plainLinear(x as tf.Tensor2D, { weight, bias }),
    ([x]) => tf.add(tf.matMul(x as tf.Tensor2D, weight.natural, false, true), bias),
    [normal([7, 5], 3)],
  );
});
