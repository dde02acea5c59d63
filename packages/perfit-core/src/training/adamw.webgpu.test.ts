import { gaussian, Mask, seededRandom } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { eachBackend } from '../../test/each-backend.ts';
import { type AdamWSettings, MaskedAdamW } from './adamw.ts';

const size = 40;
const random = seededRandom(3);
const normal = () => Float32Array.from({ length: size }, () => gaussian(random));
const theta = normal();
const gradients = Array.from({ length: 5 }, normal);
const mask = Mask.from(size, (p) => p % 3 !== 0);
const settings: AdamWSettings = {
  learningRate: 0.02,
  weightDecay: 0.1,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  clipNorm: 2,
};

/** The algorithm as the paper writes it, number by number. */
function naive(steps: number, pull?: { anchor: Float32Array; strength: number }): number[] {
  const at = Array.from(theta);
  const m = at.map(() => 0);
  const v = at.map(() => 0);
  const owned = Array.from(mask.positions());
  for (let step = 1; step <= steps; step++) {
    const g = Float32Array.from(gradients[step - 1] as Float32Array);
    if (pull)
      for (const p of owned) g[p] = (g[p] as number) + pull.strength * ((at[p] as number) - (pull.anchor[p] as number));
    const norm = Math.sqrt(owned.reduce((sum, p) => sum + (g[p] as number) ** 2, 0));
    const clip = Math.min(1, settings.clipNorm / norm);
    for (const p of owned) {
      const slope = (g[p] as number) * clip;
      m[p] = settings.beta1 * (m[p] as number) + (1 - settings.beta1) * slope;
      v[p] = settings.beta2 * (v[p] as number) + (1 - settings.beta2) * slope ** 2;
      const mean = (m[p] as number) / (1 - settings.beta1 ** step);
      const spread = Math.sqrt((v[p] as number) / (1 - settings.beta2 ** step)) + settings.epsilon;
      const decayed = (at[p] as number) * (1 - settings.learningRate * settings.weightDecay);
      at[p] = decayed - (settings.learningRate * mean) / spread;
    }
  }
  return at;
}

function apply(optimizer: MaskedAdamW, values: Float32Array): void {
  const gradient = tf.tensor1d(values);
  optimizer.apply(gradient);
  gradient.dispose();
}

eachBackend('[PF4] MaskedAdamW', (start) => {
  beforeAll(start);

  it('does what the paper says on owned coordinates and nothing on the others', async () => {
    const before = tf.memory().numTensors;
    const optimizer = new MaskedAdamW(MaskedAdamW.start(theta), mask, settings);
    for (const values of gradients) apply(optimizer, values);
    const state = await optimizer.state();
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
    const expected = naive(gradients.length);
    for (let p = 0; p < size; p++) {
      if (mask.has(p)) expect(state.theta[p]).toBeCloseTo(expected[p] as number, 5);
      else expect([state.theta[p], state.firstMoment[p], state.secondMoment[p]]).toEqual([theta[p], 0, 0]);
    }
  });

  it('is read by what it owns, and gives the rest as it was given', async () => {
    const owned = (values: Float32Array) => mask.apply(values);
    const squares = () => normal().map((value) => value ** 2);
    const given = { step: 4, theta, firstMoment: owned(normal()), secondMoment: owned(squares()) };
    const optimizer = new MaskedAdamW(given, mask, settings);
    const none = new MaskedAdamW(MaskedAdamW.start(theta), Mask.empty(size), settings);
    for (const at of [optimizer, none]) apply(at, gradients[0] as Float32Array);
    expect(await none.readTheta()).toEqual(theta);
    const state = await optimizer.state();
    expect(await optimizer.readTheta()).toEqual(state.theta);
    for (const name of ['theta', 'firstMoment', 'secondMoment'] as const) {
      const hasMoved = Array.from(state[name], (value, p) => value !== given[name][p]);
      expect(hasMoved).toEqual(hasMoved.map((_, p) => mask.has(p)));
    }
    for (const at of [optimizer, none]) at.dispose();
  });

  it('adds a proximal pull before it clips', async () => {
    const anchor = normal();
    const optimizer = new MaskedAdamW(MaskedAdamW.start(theta), mask, settings);
    const pull = { anchor: tf.tensor1d(anchor), strength: 0.7 };
    for (const values of gradients) {
      const gradient = tf.tensor1d(values);
      optimizer.apply(gradient, { pull });
      gradient.dispose();
    }
    const state = await optimizer.state();
    optimizer.dispose();
    pull.anchor.dispose();
    const expected = naive(gradients.length, { anchor, strength: 0.7 });
    for (const p of mask.positions()) expect(state.theta[p]).toBeCloseTo(expected[p] as number, 5);
  });

  it('goes on from its state to the bit', async () => {
    const whole = new MaskedAdamW(MaskedAdamW.start(theta), mask, settings);
    for (const values of gradients) apply(whole, values);
    const first = new MaskedAdamW(MaskedAdamW.start(theta), mask, settings);
    for (const values of gradients.slice(0, 2)) apply(first, values);
    const second = new MaskedAdamW(await first.state(), mask, settings);
    for (const values of gradients.slice(2)) apply(second, values);
    expect(await second.state()).toEqual(await whole.state());
    for (const optimizer of [whole, first, second]) optimizer.dispose();
  });
});
