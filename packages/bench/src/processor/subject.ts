import {
  type LanguageModel,
  loadModel,
  type MemoryPlan,
  type ModelSource,
  parseModelConfig,
  WASM_BUDGET,
} from '@perfit/core';
import { MODEL_SHAPES, type ModelShape, syntheticSource } from '@perfit/core/programs';
import { buildLayout, PROJECTIONS } from '@perfit/protocol/space';
import type { StepSizes } from '../tuning.ts';

/** A model that is measured: one by its shape alone, with random weights, or a real one. */
export interface MeasuredModel {
  readonly name: string;
  readonly source: ModelSource;
}

export function byShape(shape: ModelShape): MeasuredModel {
  return { name: shape, source: syntheticSource(MODEL_SHAPES[shape]) };
}

/** A model on the current WASM backend, and how a step of it is fitted into the memory. */
interface Subject<Plan = Pick<MemoryPlan, 'checkpointing' | 'rowsAtOnce'>> {
  readonly model: LanguageModel;
  readonly plan: Plan;
}

/** In our programs, as the planner would have it. @throws ModelError `model-too-large` */
export async function openOwn(
  { source }: MeasuredModel,
  { rows, length, rank }: StepSizes,
): Promise<Subject<MemoryPlan>> {
  const space = { rank, alpha: rank, targets: PROJECTIONS };
  const wish = { batchSize: rows, maxLength: length, budget: WASM_BUDGET };
  const model = await loadModel(source, { wish: { ...wish, layout: (widths) => buildLayout(widths, space) } });
  if (!model.plan) throw new RangeError('the model is not one of our programs');
  return { model, plan: model.plan };
}

/** In tfjs' ops: everything kept where the model is small, else blocks computed twice. */
export async function openComposed({ source }: MeasuredModel, { rows }: StepSizes): Promise<Subject> {
  const checkpointing = parseModelConfig(await source.text('config.json')).width > 256;
  const model = await loadModel(source, { programs: 'composed', checkpointing });
  return { model, plan: { checkpointing, rowsAtOnce: rows } };
}
