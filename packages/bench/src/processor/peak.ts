import { PackedModel, type WasmBackend } from '@perfit/core/programs';
import * as tf from '@tensorflow/tfjs-core';
import { type MeasuredModel, type StepSizes, tuningSubject } from './subject.ts';

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
  const subject = await tuningSubject(measured, sizes, { programs: 'own', labelled: 'all' });
  const { model, checkpointing, rowsAtOnce } = subject;
  if (!(model instanceof PackedModel) || !model.plan) throw new RangeError('the model is not one of our programs');
  for (let step = 0; step < 2; step++) await subject.step();
  const one = tf.scalar(1);
  const { buffer } = (tf.backend() as unknown as WasmBackend).typedArrayFromHeap(one);
  one.dispose();
  subject.endTuning();
  model.dispose();
  const { precision, predicted } = model.plan;
  return {
    model: measured.name,
    ...sizes,
    precision,
    rowsAtOnce,
    checkpointing,
    measuredBytes: buffer.byteLength,
    predictedBytes: predicted.total,
  };
}
