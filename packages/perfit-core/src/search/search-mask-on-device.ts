import { type Layout, Mask, type Random } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { keepHighestOnDevice } from '../ops/keep-highest/keep-highest.ts';
import { maskOfWords, maskTensor } from '../ops/mask-bits/mask-bits.ts';
import { zeroUnowned } from '../ops/mask-bits/zero-unowned.ts';
import { taylorScore } from '../ops/taylor-score/taylor-score.ts';
import { keptOf, type MaskSearch, type PruneStart, type PruneStep, raised, randomAfter } from './search-mask.ts';

/** Both on the device. */
interface Pruned {
  /** m ⊙ θ, [N] */
  readonly theta: tf.Tensor1D;
  /** int32 [⌈N/32⌉], bits */
  readonly mask: tf.Tensor1D;
}

/** ∂L/∂θ [N] at a masked theta, averaged over S batches; the caller disposes it. */
export type DeviceGradient = (theta: tf.Tensor1D) => Promise<tf.Tensor1D>;

/**
 * What `searchMask` does, on WebGPU: theta, gradient, scores and mask stay on the device, and the mask alone is read, once
 * a step. Scores that the host makes, random ones and those that a prior raises, are uploaded once a step.
 */
export async function* searchMaskOnDevice(
  layout: Layout,
  { theta, checkpoint }: PruneStart,
  gradientOf: DeviceGradient,
  search: MaskSearch,
): AsyncGenerator<PruneStep, Mask> {
  const done = checkpoint?.iteration ?? 0;
  const random = randomAfter(search, done * layout.size);
  const densityAt = (k: number) => search.density ** (k / search.iterations);
  const whole = { offset: 0, size: layout.size };
  let segments = (search.scope === 'global' ? [whole] : layout.tensors).map(({ offset, size }) => {
    const count = done === 0 ? size : keptOf(densityAt(done), size);
    return { offset, size, candidates: size, count };
  });
  let mask = checkpoint?.mask ?? Mask.full(layout.size);
  const pruned: Pruned = { theta: tf.tensor1d(mask.apply(theta)), mask: maskTensor(mask) };
  try {
    for (let k = done + 1; k <= search.iterations; k++) {
      const density = densityAt(k);
      segments = segments.map((segment) => {
        return { ...segment, candidates: segment.count, count: keptOf(density, segment.size) };
      });
      const scores = await scoresOf(pruned, search, { gradientOf, random });
      try {
        await keepHighestOnDevice(scores, pruned.mask, segments);
      } finally {
        scores.dispose();
      }
      zeroUnowned(pruned.theta, pruned.mask);
      const kept = segments.reduce((sum, { count }) => sum + count, 0);
      yield { kind: 'prune', iteration: k, iterations: search.iterations, kept };
      mask = maskOfWords(layout.size, (await pruned.mask.data()) as Int32Array);
      yield { kind: 'checkpoint', checkpoint: { iteration: k, mask } };
    }
    return mask;
  } finally {
    tf.dispose([pruned.theta, pruned.mask]);
  }
}

interface ScoreSources {
  readonly gradientOf: DeviceGradient;
  readonly random: Random;
}

/** @returns [N]; the caller disposes it */
async function scoresOf(pruned: Pruned, search: MaskSearch, sources: ScoreSources): Promise<tf.Tensor1D> {
  if (search.score === 'random') {
    const drawn = Float32Array.from({ length: pruned.theta.size }, () => sources.random());
    return tf.tensor1d(search.prior ? raised(drawn, search.prior) : drawn);
  }
  const own = await ownScores(pruned, search.score, sources.gradientOf);
  if (!search.prior) return own;
  try {
    return tf.tensor1d(raised((await own.data()) as Float32Array, search.prior));
  } finally {
    own.dispose();
  }
}

async function ownScores(
  { theta, mask }: Pruned,
  score: Exclude<MaskSearch['score'], 'random'>,
  gradientOf: DeviceGradient,
): Promise<tf.Tensor1D> {
  if (score === 'magnitude') return taylorScore({ score, theta }, mask);
  const gradient = await gradientOf(theta);
  try {
    return taylorScore({ score, theta, gradient }, mask);
  } finally {
    gradient.dispose();
  }
}
