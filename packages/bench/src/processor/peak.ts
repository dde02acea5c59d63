import { loadModel, type Precision, WASM_BUDGET } from '@perfit/core';
import {
  MaskedAdamW,
  MODEL_SHAPES,
  type ModelShape,
  PackedModel,
  syntheticSource,
  type WasmBackend,
} from '@perfit/core/programs';
import { buildLayout, initialTheta, Mask, PROJECTIONS } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';

export interface WasmPeak {
  readonly model: ModelShape;
  readonly precision: Precision;
  /** B, T of the batch. */
  readonly rows: number;
  readonly length: number;
  readonly rowsAtOnce: number;
  readonly checkpointing: boolean;
  /** Bytes of WebAssembly's memory, which never shrinks: of the first step of a process it is the peak. */
  readonly measuredBytes: number;
  readonly predictedBytes: number;
}

const settings = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 };

/**
 * Two steps of tuning on WASM as the planner would have them, of a model by its shape alone, every position with a label.
 * The backend must be new: its memory tells the most that was ever taken.
 * @throws ModelError `model-too-large`
 */
export async function benchWasmPeak(
  shape: ModelShape,
  { rows, length, rank }: { rows: number; length: number; rank: number },
): Promise<WasmPeak> {
  const space = { rank, alpha: rank, targets: PROJECTIONS };
  const wish = { batchSize: rows, maxLength: length, budget: WASM_BUDGET };
  const model = await loadModel(syntheticSource(MODEL_SHAPES[shape]), {
    wish: { ...wish, layout: (widths) => buildLayout(widths, space) },
  });
  if (!(model instanceof PackedModel) || !model.plan) throw new RangeError('the model is not one of our programs');
  const layout = model.layout(space);
  const optimizer = new MaskedAdamW(MaskedAdamW.start(initialTheta(layout, 1)), Mask.full(layout.size), settings);
  const ids = Int32Array.from({ length: rows * length }, (_, i) => (i * 37) % model.config.vocabSize);
  const batch = { inputIds: ids, labels: ids, rows, length, tokens: rows * length };
  for (let step = 0; step < 2; step++) {
    const { loss, gradient } = model.lossAndGradient(layout, optimizer.theta, batch);
    optimizer.apply(gradient);
    await loss.data();
    tf.dispose([loss, gradient]);
  }
  const backend = tf.backend() as unknown as WasmBackend;
  const measuredBytes = backend.typedArrayFromHeap(optimizer.theta).buffer.byteLength;
  const { checkpointing, rowsAtOnce, precision, predicted } = model.plan;
  optimizer.dispose();
  model.dispose();
  return {
    model: shape,
    precision,
    rows,
    length,
    rowsAtOnce,
    checkpointing,
    measuredBytes,
    predictedBytes: predicted.total,
  };
}
