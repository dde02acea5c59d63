import { initialTheta, type Layout, Mask, PROJECTIONS } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { longFormOnly, needsWebGpu } from '../../../../testing/needs.ts';
import { fragileSettings } from '../../test/fragile-tuner.ts';
import { tinyModel, tinySource } from '../../test/tiny-models.ts';
import { startWebGpu } from '../../test/webgpu.ts';
import { loadModel } from '../model/load-model.ts';
import { createLocalTuner } from '../training/local-tuner.ts';
import { type OpenedTuner, type Recovery, recoveringTuner } from '../training/recovering-tuner.ts';
import { DeviceWatch } from './device-watch.ts';

/** The WebGPU device of a test, watched. */
const watch = () => DeviceWatch.latest as DeviceWatch;
const device = () => (tf.backend() as unknown as { device: GPUDevice }).device;

/** A device that does what a test says. */
class FakeDevice extends EventTarget {
  isDestroyed = false;
  lose: (info: { reason: 'unknown' | 'destroyed'; message: string }) => void = () => {};
  readonly lost = new Promise((resolve) => {
    this.lose = resolve;
  });

  destroy(): void {
    this.isDestroyed = true;
  }

  refuse(error: object): void {
    this.dispatchEvent(Object.assign(new Event('uncapturederror'), { error }));
  }
}

class FakeOutOfMemoryError extends Error {}

describe('DeviceWatch', () => {
  const bytesTaken = () => 3 * 2 ** 30;
  const noMemory = {
    code: 'device-out-of-memory',
    message: 'The graphics device has no memory left: 3.0 GiB of it were taken.',
  };
  const never = () => new Promise<number>(() => {});
  let device: FakeDevice;
  let failures: string[];
  let watch: DeviceWatch;
  beforeEach(() => {
    vi.stubGlobal('GPUOutOfMemoryError', FakeOutOfMemoryError);
    device = new FakeDevice();
    failures = [];
    const onFailure = ({ code }: { code: string }) => failures.push(code);
    watch = DeviceWatch.begin(device as unknown as GPUDevice, { bytesTaken, onFailure });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    DeviceWatch.latest = null;
  });

  it('tells whatever waits, and whatever comes later, of a loss; once', async () => {
    const waiting = [watch.answer(never), watch.answer(never)];
    device.lose({ reason: 'unknown', message: 'the driver hung.' });
    const lost = { code: 'device-lost', message: 'The graphics device was lost (the driver hung).' };
    for (const answer of waiting) await expect(answer).rejects.toMatchObject(lost);
    await expect(watch.answer(async () => 1)).rejects.toMatchObject(lost);
    expect(() => watch.check()).toThrow(lost.message);
    device.refuse(new Error('no such device'));
    expect(failures).toEqual(['device-lost']);
    await vi.waitUntil(() => device.isDestroyed);
  });

  it('tells a lack of memory, from an error as from a loss', async () => {
    const waiting = watch.answer(never);
    device.refuse(new FakeOutOfMemoryError());
    await expect(waiting).rejects.toMatchObject(noMemory);
    const other = new FakeDevice();
    const otherWatch = DeviceWatch.begin(other as unknown as GPUDevice, { bytesTaken });
    other.lose({ reason: 'unknown', message: 'vkAllocateMemory: VK_ERROR_OUT_OF_DEVICE_MEMORY' });
    await expect(otherWatch.answer(never)).rejects.toMatchObject(noMemory);
    expect(watch.noMemory()).toMatchObject(noMemory);
  });

  it('waits for the loss where a read is refused before it', async () => {
    const refused = watch.answer(() => Promise.reject(new Error('the buffer was unmapped')));
    setTimeout(() => device.lose({ reason: 'unknown', message: '' }), 5);
    await expect(refused).rejects.toMatchObject({ message: 'The graphics device was lost.' });
  });

  it('says nothing of a device that this page has ended, and leaves other errors as they are', async () => {
    device.lose({ reason: 'destroyed', message: 'by the page' });
    const failure = new Error('no such tensor');
    await expect(watch.answer(() => Promise.reject(failure))).rejects.toBe(failure);
    expect(await watch.answer(async () => 1)).toBe(1);
    expect(failures).toEqual([]);
  });
});

describe("the watch of tfjs' WebGPU backend", needsWebGpu, () => {
  beforeEach(startWebGpu);

  it('tells a read that waits, and those that come later', async () => {
    const x = tf.add(tf.ones([64]), 1);
    const reading = x.data();
    watch().lose('a test took it away');
    const lost = { code: 'device-lost', message: 'The graphics device was lost (a test took it away).' };
    await expect(reading).rejects.toMatchObject(lost);
    await expect(tf.add(x, 1).data()).rejects.toMatchObject(lost);
    expect(watch().failure).toMatchObject(lost);
  });

  it('tells what the device refuses', async () => {
    const x = tf.ones([64]);
    device().createShaderModule({ code: 'no program' });
    await expect(x.data()).rejects.toMatchObject({ code: 'device-program-refused' });
  });

  it('says nothing where the next device is started', async () => {
    const first = watch();
    await startWebGpu();
    expect(watch()).not.toBe(first);
    expect(first.failure).toBeNull();
    expect(Array.from(await tf.add(tf.ones([2]), 1).data())).toEqual([2, 2]);
  });
});

describe('recoveringTuner on WebGPU', needsWebGpu, () => {
  beforeEach(startWebGpu);
  const source = tinySource(tinyModel({ seed: 11 }));
  const rows = Array.from({ length: 10 }, (_, row) => {
    const ids = Int32Array.from({ length: 6 }, (_, i) => (row + i) % 20);
    return { ids, labels: ids };
  });

  async function open(): Promise<OpenedTuner & { readonly layout: Layout }> {
    if (watch().failure) await startWebGpu();
    const model = await loadModel(source);
    const layout = model.layout({ rank: 4, alpha: 8, targets: PROJECTIONS });
    const batching = { maxLength: 32, padId: 22 };
    const tuner = createLocalTuner({ model, layout, training: rows, heldOut: rows, batching, now: () => 0 });
    return { tuner, layout, dispose: () => model.dispose() };
  }

  it('ends with the theta of an undisturbed run, to the bit', { ...longFormOnly, timeout: 300_000 }, async () => {
    // Twice all programs are compiled, which a software driver takes a minute for.
    const undisturbed = await open();
    const { layout } = undisturbed;
    const theta = initialTheta(layout, 1);
    const start = { theta, mask: Mask.full(layout.size) };
    const settings = { ...fragileSettings, batchSize: 4 };
    const expected = await last(undisturbed.tuner.tune(start, settings));
    undisturbed.dispose();

    const recoveries: Recovery[] = [];
    const tensors = tf.memory().numTensors;
    const tuner = await recoveringTuner({ open, maxLength: 32, onRecovery: (recovery) => recoveries.push(recovery) });
    const steps: number[] = [];
    const result = await last(tuner.tune(start, settings), (progress) => {
      if (progress.kind !== 'step') return;
      steps.push(progress.step);
      // In the midst of the next step.
      if (progress.step === 4) setTimeout(() => watch().lose('a test took it away'), 1);
    });
    expect(result).toEqual(expected);
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(recoveries.map(({ goingOn }) => goingOn)).toEqual(['Going on from step 3 on a new one.']);
    tuner.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });
});

async function last<P, R>(run: AsyncGenerator<P, R>, hear: (progress: P) => void = () => {}): Promise<R> {
  for (;;) {
    const next = await run.next();
    if (next.done) return next.value;
    hear(next.value);
  }
}
