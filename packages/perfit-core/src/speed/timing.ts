import * as tf from '@tensorflow/tfjs-core';
import { WgslRunner } from '../wgsl/runner.ts';

export interface Timing {
  /** Of one run: the best of the repetitions, which other work on the machine disturbs least. */
  readonly milliseconds: number;
  readonly repetitions: number;
}

/** What a run wrote, wherever it lies. */
export interface Written {
  /** Ends when the device has written it: one number is read, not all. */
  settle(): Promise<void>;
  dispose(): void;
}

export interface TimingOptions {
  readonly repetitions?: number;
  readonly budgetMs?: number;
}

/**
 * Times what runs on the device: `repetitions` batches of runs, each ended by reading a number that the last run wrote,
 * after one batch that compiles and warms up. A batch is long enough for the clock, within `budgetMs` in all.
 * @param run puts its work into the device's queue before it returns; what it wrote is disposed here
 */
export async function timeRuns(
  run: () => Written,
  { repetitions = 5, budgetMs = 4000 }: TimingOptions = {},
): Promise<Timing> {
  const batch = async (runs: number): Promise<number> => {
    const began = performance.now();
    for (let i = 1; i < runs; i++) run().dispose();
    const last = run();
    await last.settle();
    last.dispose();
    return (performance.now() - began) / runs;
  };
  await batch(1);
  const single = await batch(1);
  const runs = Math.max(1, Math.min(50, Math.floor(20 / single)));
  const affordable = Math.max(2, Math.min(repetitions, Math.floor(budgetMs / (single * runs))));
  let milliseconds = single;
  for (let i = 0; i < affordable; i++) milliseconds = Math.min(milliseconds, await batch(runs));
  return { milliseconds, repetitions: affordable };
}

/** {@link timeRuns} of tensors. @param run returns a tensor that it wrote; disposed here */
export function timeOnDevice(run: () => tf.Tensor, options?: TimingOptions): Promise<Timing> {
  return timeRuns(() => {
    const tensor = run();
    return { settle: () => settle(tensor), dispose: () => tensor.dispose() };
  }, options);
}

/** Ends when the device has written the tensor; one number is read, not all. */
export async function settle(tensor: tf.Tensor): Promise<void> {
  const first = tf.tidy(() => tf.slice(tf.reshape(tensor, [tensor.size]), 0, 1));
  if (tf.getBackend() === 'webgpu') WgslRunner.current().submit();
  await first.data();
  first.dispose();
}
