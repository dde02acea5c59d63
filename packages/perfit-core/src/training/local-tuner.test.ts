import { initialTheta, type Layout, Mask, PROJECTIONS, seededRandom } from '@perfit/protocol/space';
import type {
  LocalTuner,
  SearchSettings,
  TuningCheckpoint,
  TuningProgress,
  TuningSettings,
} from '@perfit/protocol/tuner';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startWasm } from '../../test/backend.ts';
import { NaiveLlama } from '../../test/naive-llama.ts';
import { tinyModel, tinySource } from '../../test/tiny-models.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { loadModel } from '../model/load-model.ts';
import { makeBatches } from '../text/batches.ts';
import type { TokenizedExample } from '../text/examples.ts';
import { createLocalTuner } from './local-tuner.ts';

const tiny = tinyModel({ seed: 11 });
const settings: TuningSettings = {
  epochs: 2,
  batchSize: 4,
  accumulation: 2,
  learningRate: 0.02,
  weightDecay: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  clipNorm: 1,
  proximal: 0,
  seed: 7,
};
const search: SearchSettings = {
  density: 0.5,
  warmupEpochs: 1,
  iterations: 2,
  batches: 2,
  score: 'taylor',
  scope: 'global',
  tuning: settings,
  seed: 3,
};

let model: LanguageModel;
let layout: Layout;
let theta: Float32Array;

beforeAll(async () => {
  await startWasm();
  model = await loadModel(tinySource(tiny));
  layout = model.layout({ rank: 4, alpha: 8, targets: PROJECTIONS });
  theta = initialTheta(layout, 1);
});

/** Sequences that count up from where they begin: something to learn. */
function examples(count: number, seed: number): TokenizedExample[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const first = Math.floor(random() * 20);
    const ids = Int32Array.from({ length: 6 + Math.floor(random() * 5) }, (_, i) => (first + i) % 20);
    return { ids, labels: ids.map((id, i) => (i < 3 ? -100 : id)) };
  });
}

function tunerWith(now: () => number = () => 0): LocalTuner {
  const batching = { maxLength: 32, padId: 22 };
  return createLocalTuner({ model, layout, training: examples(22, 1), heldOut: examples(9, 2), batching, now });
}

async function finish<P, R>(generator: AsyncGenerator<P, R>): Promise<{ progress: P[]; result: R }> {
  const progress: P[] = [];
  for (;;) {
    const next = await generator.next();
    if (next.done) return { progress, result: next.value };
    progress.push(next.value);
  }
}

function checkpoints(progress: readonly TuningProgress[]): TuningCheckpoint[] {
  return progress.flatMap((item) => (item.kind === 'checkpoint' ? [item.checkpoint] : []));
}

describe('createLocalTuner', () => {
  it('[PF4] tunes owned coordinates only, and what it tunes gets better', async () => {
    const tuner = tunerWith();
    const mask = Mask.from(layout.size, (p) => p % 2 === 0);
    const before = await tuner.perplexity(theta);
    const { progress, result } = await finish(tuner.tune({ theta, mask }, { ...settings, epochs: 6 }));
    const steps = progress.flatMap((item) => (item.kind === 'step' ? [item] : []));
    // 22 examples are 6 batches of at most 4, and 3 steps of 2 batches.
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 18 }, (_, i) => i + 1));
    expect(steps.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6].flatMap((epoch) => [epoch, epoch, epoch]));
    expect(steps.every((step) => step.steps === 18)).toBe(true);
    const lastLosses = steps.slice(-3).map(({ loss }) => loss);
    expect(result.loss).toBeCloseTo(lastLosses.reduce((sum, loss) => sum + loss, 0) / 3, 10);
    for (let p = 0; p < layout.size; p++) if (!mask.has(p)) expect(result.theta[p]).toBe(theta[p]);
    expect(await tuner.perplexity(result.theta)).toBeLessThan(0.7 * before);
  });

  it('[PF4] pulls towards its start, the more the stronger the proximal term', async () => {
    const mask = Mask.from(layout.size, (p) => p % 2 === 0);
    const distance = async (proximal: number) => {
      const { result } = await finish(tunerWith().tune({ theta, mask }, { ...settings, clipNorm: 0, proximal }));
      return Math.sqrt(result.theta.reduce((sum, value, p) => sum + (value - (theta[p] as number)) ** 2, 0));
    };
    const [free, pulled, held] = [await distance(0), await distance(0.1), await distance(100)] as const;
    expect(pulled).toBeLessThan(free);
    expect(held).toBeLessThan(pulled);
  });

  it('[PF8] evaluates on validation rows too, where it has some', async () => {
    const batching = { maxLength: 32, padId: 22 };
    const parts = { model, layout, training: examples(22, 1), batching };
    const tuner = createLocalTuner({ ...parts, heldOut: examples(9, 2), validation: examples(7, 5) });
    const swapped = createLocalTuner({ ...parts, heldOut: examples(7, 5) });
    expect(tuner.examples).toEqual({ training: 22, heldOut: 9, validation: 7 });
    expect(swapped.examples.validation).toBe(0);
    expect(await tuner.perplexity(theta, undefined, 'validation')).toBe(await swapped.perplexity(theta));
    expect(await tuner.perplexity(theta)).not.toBe(await swapped.perplexity(theta));
  });

  it('[PF9] tells the losses of the held-out rows one by one, and together they are the perplexity', async () => {
    const tuner = tunerWith();
    const adapted = theta.map((value, p) => value + 0.1 * Math.sin(p));
    for (const each of [null, adapted]) {
      const rows = await tuner.heldOutLosses(each);
      expect(rows.length).toBe(9);
      const sum = (of: 'nats' | 'tokens') => rows.reduce((total, row) => total + row[of], 0);
      expect(Math.exp(sum('nats') / sum('tokens')) / (await tuner.perplexity(each))).toBeCloseTo(1, 5);
    }
  });

  it('[PF8] computes the perplexity of the naive loss, of the base and of an adapter', async () => {
    const tuner = tunerWith();
    const adapted = theta.map((value, p) => value + 0.1 * Math.sin(p));
    const rows = examples(9, 2).map(({ ids, labels }) => ({
      ids: [...ids.slice(0, -1)],
      labels: [...labels.slice(1)],
    }));
    const naive = (adapter: ConstructorParameters<typeof NaiveLlama>[1]) =>
      Math.exp(new NaiveLlama(tiny, adapter).loss(rows));
    expect(Math.abs((await tuner.perplexity(null)) / naive(null) - 1)).toBeLessThan(1e-4);
    const expected = naive({ layout, theta: adapted });
    expect(Math.abs((await tuner.perplexity(adapted)) / expected - 1)).toBeLessThan(1e-4);
  });

  it('yields a checkpoint at each end of an epoch, and after five seconds', async () => {
    const mask = Mask.full(layout.size);
    const quick = await finish(tunerWith().tune({ theta, mask }, settings));
    expect(checkpoints(quick.progress).map(({ step }) => step)).toEqual([3, 6]);
    let clock = 0;
    const slow = await finish(tunerWith(() => (clock += 3_000)).tune({ theta, mask }, settings));
    expect(checkpoints(slow.progress).map(({ step }) => step)).toEqual([2, 3, 5, 6]);
  });

  it('goes on from any checkpoint to the same theta, bit for bit', async () => {
    const mask = Mask.from(layout.size, (p) => p % 3 !== 1);
    const { progress, result } = await finish(tunerWith(slowClock()).tune({ theta, mask }, settings));
    const saved = checkpoints(progress);
    expect(saved.length).toBeGreaterThan(3);
    for (const checkpoint of saved) {
      const resumed = await finish(tunerWith().tune({ theta, mask, checkpoint }, settings));
      expect(resumed.result.theta).toEqual(result.theta);
    }
  });

  it('[PF2] measures how fast the device tunes, and frees what it took', async () => {
    // Read before and after one step, the clock moves by half a second.
    let time = 0;
    const tuner = tunerWith(() => {
      time += 500;
      return time;
    });
    const before = tf.memory().numTensors;
    const speed = await tuner.measureSpeed();
    const [batch] = makeBatches(examples(22, 1), { batchSize: 8, maxLength: 32, padId: 22, seed: 0 });
    expect(speed).toBe(2 * (batch?.tokens as number));
    expect(tf.memory().numTensors).toBe(before);
  });

  it('[PF3] warms up, then prunes to round(ρ·N), the same from the same seed', async () => {
    const { progress, result } = await finish(tunerWith().search({ theta }, search));
    const told = progress.filter(({ kind }) => kind !== 'checkpoint');
    expect(told.map(({ kind }) => kind)).toEqual(['warmup', 'warmup', 'warmup', 'prune', 'prune']);
    expect(result.mask.kept).toBe(Math.round(0.5 * layout.size));
    const again = await finish(tunerWith().search({ theta }, search));
    expect(again.result.mask.equals(result.mask)).toBe(true);
  });

  it.each(['taylor', 'random'] as const)(
    '[PF3] goes on from any checkpoint of a search by the score %s to the same mask and the same warm theta, bit for bit',
    async (score) => {
      const wanted = { ...search, score, iterations: 3 };
      const { progress, result } = await finish(tunerWith(slowClock()).search({ theta }, wanted));
      const saved = progress.flatMap((item) => (item.kind === 'checkpoint' ? [item.checkpoint] : []));
      expect(saved.map((checkpoint) => (checkpoint.part === 'pruning' ? checkpoint.iteration : 'warm-up'))).toEqual([
        ...['warm-up', 'warm-up'],
        ...[0, 1, 2, 3],
      ]);
      for (const checkpoint of saved) {
        const resumed = await finish(tunerWith().search({ theta, checkpoint }, wanted));
        expect(resumed.result.warm).toEqual(result.warm);
        expect(resumed.result.mask.equals(result.mask)).toBe(true);
      }
    },
  );

  it('[PF3] has no Taylor score to go by without a warm-up: every tie goes to the lower index', async () => {
    const { result } = await finish(tunerWith().search({ theta }, { ...search, warmupEpochs: 0, iterations: 1 }));
    expect(result.mask.equals(Mask.from(layout.size, (p) => p < Math.round(layout.size / 2)))).toBe(true);
  });

  it('[PF3] hands the prior on to the search, and refuses one of another size', async () => {
    const owners = Float32Array.from({ length: layout.size }, (_, p) => p % 2);
    const magnitude = { ...search, score: 'magnitude' as const, warmupEpochs: 0 };
    // B is zero, and no prior raises that; A's odd positions alone are more than the fifth that is kept.
    const oddShare = async (weight: number) => {
      const settings = { ...magnitude, density: 0.2, prior: { weight, owners } };
      const { mask } = (await finish(tunerWith().search({ theta }, settings))).result;
      return mask.intersection(Mask.from(layout.size, (p) => p % 2 === 1)).kept / mask.kept;
    };
    expect(await oddShare(0)).toBeLessThan(0.6);
    expect(await oddShare(1e9)).toBe(1);
    const prior = { weight: 1, owners: owners.slice(1) };
    await expect(finish(tunerWith().search({ theta }, { ...search, prior }))).rejects.toMatchObject({
      code: 'training-wrong-size',
    });
  });

  it('stops between two steps with the reason of its signal', async () => {
    const reason = new Error('the tab was closed');
    for (const start of [
      (signal: AbortSignal) => tunerWith().tune({ theta, mask: Mask.full(layout.size) }, settings, signal),
      (signal: AbortSignal) => tunerWith().search({ theta }, search, signal),
    ]) {
      const controller = new AbortController();
      const generator = start(controller.signal);
      await generator.next();
      controller.abort(reason);
      await expect(finish(generator as AsyncGenerator<unknown, unknown>)).rejects.toBe(reason);
    }
    await expect(tunerWith().perplexity(null, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('frees every tensor: done, stopped early, aborted, failed', async () => {
    const before = tf.memory().numTensors;
    const mask = Mask.full(layout.size);
    await finish(tunerWith().search({ theta }, { ...search, scope: 'tensor' }));
    await finish(tunerWith().tune({ theta, mask }, settings));
    await tunerWith().perplexity(theta);
    for await (const _ of tunerWith().tune({ theta, mask }, settings)) break;
    for await (const _ of tunerWith().search({ theta }, search)) break;
    const broken = tunerWith().tune({ theta: theta.map(() => Number.NaN), mask }, settings);
    await expect(finish(broken)).rejects.toMatchObject({ code: 'training-not-finite' });
    const short = tunerWith().tune({ theta: theta.slice(1), mask }, settings);
    await expect(finish(short)).rejects.toMatchObject({ code: 'training-wrong-size' });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('takes no step where no epoch is asked for', async () => {
    const { progress, result } = await finish(
      tunerWith().tune({ theta, mask: Mask.full(layout.size) }, { ...settings, epochs: 0 }),
    );
    expect(progress).toEqual([]);
    expect(result.theta).toEqual(theta);
    expect(result.loss).toBeGreaterThan(0);
  });
});

function slowClock(): () => number {
  let clock = 0;
  return () => (clock += 3_000);
}
