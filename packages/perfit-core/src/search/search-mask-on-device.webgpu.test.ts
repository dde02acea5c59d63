import { buildLayout, type Mask, PROJECTIONS, seededRandom } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsWebGpu } from '../../../../testing/needs.ts';
import { startWebGpu } from '../../test/webgpu.ts';
import { type MaskSearch, searchMask } from './search-mask.ts';
import { searchMaskOnDevice } from './search-mask-on-device.ts';

const dimensions = { layers: 2, width: 9, queryWidth: 8, keyValueWidth: 4, feedForwardWidth: 13 };
const layout = buildLayout(dimensions, { rank: 3, alpha: 4, targets: PROJECTIONS });
const random = seededRandom(5);
const drawn = () => Float32Array.from({ length: layout.size }, () => random() - 0.5);
const [theta, gradients, curvature] = [drawn(), drawn(), drawn()];
const owners = Float32Array.from({ length: layout.size }, (_, p) => (p % 3) / 2);
const plain: MaskSearch = { density: 0.3, iterations: 2, score: 'taylor', scope: 'global', seed: 1 };

/** Everything that a search says. */
async function run<P>(search: AsyncGenerator<P, Mask>): Promise<{ mask: number[]; progress: P[] }> {
  const progress: P[] = [];
  for (;;) {
    const next = await search.next();
    if (next.done) return { mask: Array.from(next.value.positions()), progress };
    progress.push(next.value);
  }
}

/** A gradient that depends on theta, which the mask changes: g = gradients + curvature · θ, rounded as f32 rounds. */
async function onHost(at: Float32Array): Promise<Float32Array> {
  const bent = at.map((value, p) => value * (curvature[p] as number));
  return bent.map((value, p) => value + (gradients[p] as number));
}

async function onDevice(at: tf.Tensor1D): Promise<tf.Tensor1D> {
  return tf.tidy(() => tf.add(tf.mul(at, tf.tensor1d(curvature)), tf.tensor1d(gradients)));
}

describe('[PF3] searchMaskOnDevice', needsWebGpu, () => {
  beforeAll(startWebGpu);

  it.each(['taylor', 'magnitude', 'gradient', 'random'] as const)(
    'finds the mask of the host by the score %s, in both scopes, one of them with a prior',
    async (score) => {
      const before = tf.memory().numTensors;
      const searches: MaskSearch[] = [
        { ...plain, score },
        { ...plain, score, scope: 'tensor', prior: { weight: 1.5, owners } },
      ];
      for (const search of searches) {
        const expected = await run(searchMask(layout, { theta }, onHost, search));
        expect(await run(searchMaskOnDevice(layout, { theta }, onDevice, search))).toEqual(expected);
        for (const step of expected.progress) {
          if (step.kind !== 'checkpoint') continue;
          const { checkpoint } = step;
          const resumed = await run(searchMaskOnDevice(layout, { theta, checkpoint }, onDevice, search));
          expect(resumed.mask).toEqual(expected.mask);
        }
      }
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it('leaves nothing behind where its consumer stops, and where a gradient is not finite', async () => {
    const before = tf.memory().numTensors;
    for await (const _ of searchMaskOnDevice(layout, { theta }, onDevice, plain)) break;
    const broken = async () => tf.fill([layout.size], Number.NaN) as tf.Tensor1D;
    await expect(run(searchMaskOnDevice(layout, { theta }, broken, plain))).rejects.toThrow(RangeError);
    expect(tf.memory().numTensors).toBe(before);
  });
});
