import { Mask } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../../testing/needs.ts';
import { adamwContract, step, tensorsOf } from '../../../test/adamw-contract.ts';
import { startWebGpu } from '../../../test/webgpu.ts';
import { WgslRunner } from '../../wgsl/runner.ts';
import { FusedAdamW } from './fused-adamw.ts';

describe('FusedAdamW', needsWebGpu, () => {
  beforeAll(startWebGpu);

  adamwContract((tensors, mask) => new FusedAdamW(tensors, mask));

  it('makes a step in two dispatches, in one where it does not clip', () => {
    const [one, mask] = [() => new Float32Array(1000).fill(1), Mask.full(1000)];
    const optimizer = new FusedAdamW(tensorsOf([one(), one(), one()]), mask);
    const gradient = tf.tensor1d(one());
    const dispatches = (clipNorm: number) => {
      const counts = WgslRunner.current().counting(() => optimizer.apply(gradient, { ...step, clipNorm }, null));
      return Object.fromEntries(counts);
    };
    expect(dispatches(1)).toEqual({ 'adamw-norm': 1, 'adamw-update': 1 });
    expect(dispatches(0)).toEqual({ 'adamw-update': 1 });
    optimizer.dispose();
    gradient.dispose();
  });
});
