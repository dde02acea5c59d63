import { buildLayout, Mask } from '@perfit/protocol/space';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FragileDevice,
  fragileSearch,
  fragileSettings,
  fragileTuner,
  stepsInEpoch,
} from '../../test/fragile-tuner.ts';
import { BackendError } from '../backend-error.ts';
import { type RecoveringTuner, type Recovery, recoveringTuner } from './recovering-tuner.ts';

const dimensions = {
  layers: 1,
  width: 2,
  queryWidth: 2,
  keyValueWidth: 2,
  feedForwardWidth: 2,
};
const layout = buildLayout(dimensions, { rank: 1, alpha: 1, targets: ['q_proj'] });
const theta = Float32Array.from({ length: layout.size }, (_, p) => p / 10);
const start = { theta, mask: Mask.full(layout.size) };
const reliable: FragileDevice = { works: Number.POSITIVE_INFINITY };
const outOfMemory = new BackendError('device-out-of-memory', 'the graphics device has no memory left');

interface Stage {
  readonly tuner: RecoveringTuner;
  readonly recoveries: Recovery[];
  readonly waits: number[];
  /** Models that are loaded and not freed. */
  open(): number;
}

/** A recovering tuner over these devices, one after another, and reliable ones after them. */
async function stageOf(
  devices: readonly (FragileDevice | Error)[],
  at: { isSaved?: (step: number) => boolean; now?: () => number } = {},
): Promise<Stage> {
  const next = [...devices];
  const recoveries: Recovery[] = [];
  const waits: number[] = [];
  let open = 0;
  const tuner = await recoveringTuner({
    open: async () => {
      const device = next.shift() ?? reliable;
      if (device instanceof Error) throw device;
      open++;
      return { tuner: fragileTuner(layout, device, at.isSaved), dispose: () => open-- };
    },
    maxLength: 128,
    onRecovery: (recovery) => recoveries.push(recovery),
    now: at.now ?? (() => 0),
    wait: async (milliseconds) => {
      waits.push(milliseconds);
    },
  });
  return { tuner, recoveries, waits, open: () => open };
}

async function finish<P, R>(generator: AsyncGenerator<P, R>): Promise<{ progress: P[]; result: R }> {
  const progress: P[] = [];
  for (;;) {
    const next = await generator.next();
    if (next.done) return { progress, result: next.value };
    progress.push(next.value);
  }
}

/** Every look at it is so much later. */
function clock({ minutes }: { minutes: number }): () => number {
  let time = 0;
  return () => {
    time += minutes * 60_000;
    return time;
  };
}

const devices = fc.array(fc.record({ works: fc.nat({ max: 20 }) }), { maxLength: 3 });

describe('recoveringTuner', () => {
  it('ends a tuning as if no device had been lost, and tells every step once', async () => {
    const steps = fragileSettings.epochs * stepsInEpoch;
    const saves = fc.uniqueArray(fc.integer({ min: 1, max: steps }));
    await fc.assert(
      fc.asyncProperty(devices, saves, async (failing, saved) => {
        const isSaved = (step: number) => saved.includes(step);
        const undisturbed = await finish(fragileTuner(layout, reliable, isSaved).tune(start, fragileSettings));
        const { tuner, recoveries, open } = await stageOf(failing, { isSaved });
        const { progress, result } = await finish(tuner.tune(start, fragileSettings));
        expect(result).toEqual(undisturbed.result);
        const isStep = ({ kind }: { kind: string }) => kind === 'step';
        expect(progress.filter(isStep)).toEqual(undisturbed.progress.filter(isStep));
        expect(recoveries.length).toBeLessThanOrEqual(failing.length);
        expect(open()).toBe(1);
      }),
    );
  });

  it('ends a search as if no device had been lost, and tells every step once', async () => {
    const undisturbed = await finish(fragileTuner(layout, reliable).search({ theta }, fragileSearch));
    await fc.assert(
      fc.asyncProperty(devices, async (failing) => {
        const { tuner, open } = await stageOf(failing);
        expect(await finish(tuner.search({ theta }, fragileSearch))).toEqual(undisturbed);
        expect(open()).toBe(1);
      }),
    );
  });

  it('does no step of a search again that has a checkpoint', async () => {
    // Five steps of warm-up, two of pruning, and the device is gone.
    const { tuner, recoveries } = await stageOf([{ works: 8 }]);
    const { result } = await finish(tuner.search({ theta }, fragileSearch));
    expect(recoveries.map(({ goingOn }) => goingOn)).toEqual(['Going on with the search on a new one.']);
    const undisturbed = await finish(fragileTuner(layout, reliable).search({ theta }, fragileSearch));
    expect(result).toEqual(undisturbed.result);
  });

  it('repeats no more than what was done since the last checkpoint', async () => {
    // Seven steps: two of them after the checkpoint at the first epoch's end, and so to be repeated.
    const { tuner, recoveries } = await stageOf([{ works: 7 }, { works: 10 }]);
    await finish(tuner.tune(start, fragileSettings));
    expect(recoveries.map(({ goingOn }) => goingOn)).toEqual([
      'Going on from step 5 on a new one.',
      'Going on from step 15 on a new one.',
    ]);
    expect(recoveries[0]?.error).toMatchObject({ code: 'device-lost', message: 'The graphics device was lost.' });
  });

  it('evaluates and measures again', async () => {
    const { tuner, recoveries } = await stageOf([{ works: 0 }, { works: 1 }, { works: 1 }]);
    expect(await tuner.perplexity(theta)).toBe(1);
    expect(await tuner.measureSpeed()).toBe(1000);
    expect(await tuner.heldOutLosses(theta)).toEqual([{ nats: 0, tokens: 1 }]);
    expect(recoveries.length).toBe(3);
  });

  it('opens again where the device is lost while the model is loaded, or is not back at once', async () => {
    const lost = new BackendError('device-lost', 'the graphics device was lost');
    const absent = new BackendError('device-no-webgpu', 'WebGPU found no adapter on this machine');
    const { tuner, waits } = await stageOf([lost, absent]);
    expect(tuner.examples.training).toBe(40);
    expect(waits).toEqual([3000]);
    await expect(stageOf([absent])).rejects.toBe(absent);
  });

  it('stops after three recoveries within ten minutes, and keeps nothing open', async () => {
    const failing = Array.from({ length: 4 }, () => ({ works: 0 }));
    const { tuner, recoveries, open } = await stageOf(failing);
    await expect(tuner.perplexity(null)).rejects.toMatchObject({
      code: 'device-lost',
      message: expect.stringMatching(/^The graphics device was lost\. This happened 4 times within ten minutes/),
    });
    expect(recoveries.length).toBe(3);
    expect(open()).toBe(0);
    const seldom = await stageOf([...failing, ...failing], { now: clock({ minutes: 3 }) });
    await seldom.tuner.perplexity(null).catch(() => {});
    expect(seldom.recoveries.length).toBe(3);
    const rare = await stageOf([...failing, ...failing], { now: clock({ minutes: 5 }) });
    expect(await rare.tuner.perplexity(null)).toBe(1);
    expect(rare.recoveries.length).toBe(8);
  });

  it('says what takes less where there is no memory left, and opens again when it is asked again', async () => {
    const { tuner, recoveries, open } = await stageOf([{ works: 3, failure: outOfMemory }]);
    const failing = finish(tuner.tune(start, fragileSettings));
    await expect(failing).rejects.toMatchObject({
      code: 'device-out-of-memory',
      message: expect.stringMatching(/no memory left\. .*shorter than 128 tokens, fewer than 8 of them.*precision/),
    });
    expect([recoveries.length, open()]).toEqual([0, 0]);
    expect((await finish(tuner.tune(start, fragileSettings))).result.steps).toBe(15);
  });

  it('leaves other errors and aborts as they are', async () => {
    const failure = new Error('the loss is not finite');
    const { tuner } = await stageOf([{ works: 3, failure }]);
    await expect(finish(tuner.tune(start, fragileSettings))).rejects.toBe(failure);
    const reason = new Error('the tab was closed');
    await expect(finish(tuner.tune(start, fragileSettings, AbortSignal.abort(reason)))).rejects.toBe(reason);
  });
});
