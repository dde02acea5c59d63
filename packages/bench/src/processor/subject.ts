import { type LanguageModel, loadModel, type ModelSource, parseModelConfig, WASM_BUDGET } from '@perfit/core';
import {
  ComposedAdamW,
  MODEL_SHAPES,
  type ModelShape,
  ownedAdamW,
  PackedModel,
  syntheticSource,
} from '@perfit/core/programs';
import { buildLayout, initialTheta, Mask, PROJECTIONS } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';

/** A model that is measured: one by its shape alone, with random weights, or a real one. */
export interface MeasuredModel {
  readonly name: string;
  readonly source: ModelSource;
}

export function byShape(shape: ModelShape): MeasuredModel {
  return { name: shape, source: syntheticSource(MODEL_SHAPES[shape]) };
}

/** B and T of a batch, and the rank of an adapter on all seven projections. */
export interface StepSizes {
  readonly rows: number;
  readonly length: number;
  readonly rank: number;
}

/** Which positions of a batch carry loss: all, or, as in chats, about half. */
export const LABELLED = { all: 1, half: 0.5 } as const;

/** A model on the current WASM backend with what tunes it. */
export interface TuningSubject {
  readonly model: LanguageModel;
  /** N */
  readonly adapterSize: number;
  readonly checkpointing: boolean;
  readonly rowsAtOnce: number;
  /** A step of tuning, waited for: loss, gradient, AdamW. */
  step(): Promise<void>;
  /** Lets go of the adapter and what AdamW knows of it. */
  endTuning(): void;
}

/**
 * @param of.programs ours as the planner would have them; tfjs' ops with everything kept where the model is small, else with
 * blocks computed twice
 */
export async function tuningSubject(
  { source }: MeasuredModel,
  { rows, length, rank }: StepSizes,
  { programs, labelled }: { programs: 'own' | 'composed'; labelled: keyof typeof LABELLED },
): Promise<TuningSubject> {
  const space = { rank, alpha: rank, targets: PROJECTIONS };
  const wish = { batchSize: rows, maxLength: length, budget: WASM_BUDGET };
  const isSmall = parseModelConfig(await source.text('config.json')).width <= 256;
  const model = await loadModel(
    source,
    programs === 'own'
      ? { wish: { ...wish, layout: (widths) => buildLayout(widths, space) } }
      : { programs, checkpointing: !isSmall },
  );
  const layout = model.layout(space);
  const mask = Mask.full(layout.size);
  const tensors = {
    theta: tf.tensor1d(initialTheta(layout, 1)),
    firstMoment: tf.zeros<tf.Rank.R1>([layout.size]),
    secondMoment: tf.zeros<tf.Rank.R1>([layout.size]),
  };
  const optimizer = programs === 'own' ? ownedAdamW(tensors, mask) : new ComposedAdamW(tensors, mask);
  const inputIds = Int32Array.from({ length: rows * length }, (_, i) => (i * 37) % model.config.vocabSize);
  const labels = inputIds.map((id, i) => (labelled === 'all' || i % 2 === 0 ? id : -100));
  const batch = { inputIds, labels, rows, length, tokens: rows * length };
  const plan = model instanceof PackedModel ? model.plan : null;
  return {
    model,
    adapterSize: layout.size,
    checkpointing: plan ? plan.checkpointing : !isSmall,
    rowsAtOnce: plan ? plan.rowsAtOnce : rows,
    async step() {
      const { loss, gradient } = model.lossAndGradient(layout, optimizer.tensors.theta, batch);
      optimizer.apply(gradient, STEP, null);
      await loss.data();
      tf.dispose([loss, gradient]);
    },
    endTuning: () => optimizer.dispose(),
  };
}

const STEP = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  stepSize: 1e-4,
  spreadScale: 1,
  decay: 0,
  clipNorm: 1,
};
