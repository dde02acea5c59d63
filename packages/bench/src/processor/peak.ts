import type { WasmBackend } from '@perfit/core/programs';
import * as tf from '@tensorflow/tfjs-core';
import { type StepSizes, Tuning } from '../tuning.ts';
import { type MeasuredModel, openOwn } from './subject.ts';

/** What the processor's memory was at its most, next to what was predicted. */
export interface WasmPeak extends StepSizes {
  readonly model: string;
  readonly precision: string;
  readonly rowsAtOnce: number;
  readonly checkpointing: boolean;
  /** WebAssembly's memory after two steps: it grows, and never shrinks. */
  readonly measuredBytes: number;
  readonly predictedBytes: number;
}

/**
 * Two steps of tuning as the planner would have them, on a heap that nothing was on before: it tells the most that was ever
 * taken.
 * @throws ModelError `model-too-large`
 */
export async function benchWasmPeak(measured: MeasuredModel, sizes: StepSizes): Promise<WasmPeak> {
  const { model, plan } = await openOwn(measured, sizes);
  const tuning = new Tuning(model, { ...sizes, labelled: 'all' });
  for (let step = 0; step < 2; step++) await tuning.step();
  const one = tf.scalar(1);
  const { buffer } = (tf.backend() as unknown as WasmBackend).typedArrayFromHeap(one);
  one.dispose();
  tuning.dispose();
  model.dispose();
  return {
    model: measured.name,
    ...sizes,
    precision: model.precision,
    rowsAtOnce: plan.rowsAtOnce,
    checkpointing: plan.checkpointing,
    measuredBytes: buffer.byteLength,
    predictedBytes: plan.predicted.total,
  };
}
