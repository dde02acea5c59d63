import { type ModelConfig, parameterCount } from '../model/config.ts';
import type { RateSchedule } from './learning-rate.ts';

/** How a model of some size is tuned on so many rows where nobody says it. */
export interface Recipe {
  readonly learningRate: number;
  readonly rate: RateSchedule;
  readonly epochs: number;
  readonly batchSize: number;
  readonly weightDecay: number;
  /** Epochs without a better validation loss after which it ends; the best epoch's state is what stays. */
  readonly patience: number;
}

interface Size {
  /** Models below so many parameters. */
  readonly below: number;
  readonly learningRate: number;
  readonly rate: RateSchedule;
}

const COSINE: RateSchedule = { warmup: 0.1, decay: 'cosine' };

/**
 * AdamW's rate for LoRA, α = 2r, on all projections.
 * - Below ten million (perfit-nano): 4e-3, constant, measured in docs/experiments.
 * - SmolLM2-135M: 1e-3. Its authors' own recipe (huggingface/alignment-handbook, recipes/smollm2/sft) tunes the small ones at
 *   1e-3 with a cosine and a tenth of warm-up; PyTorch + PEFT on 40 rows of samples/, batch 8, best of four epochs, takes 77
 *   to 34 with it.
 * - Around half a billion and above a billion parameters: 5e-4 and 2e-4, the latter what TRL's and Unsloth's examples have for LoRA
 *   (2e-4, weight decay 0.01, some warm-up); not measured here.
 */
const SIZES: readonly Size[] = [
  { below: 1e7, learningRate: 4e-3, rate: { warmup: 0, decay: 'constant' } },
  { below: 3e8, learningRate: 1e-3, rate: COSINE },
  { below: 8e8, learningRate: 5e-4, rate: COSINE },
  { below: Number.POSITIVE_INFINITY, learningRate: 2e-4, rate: COSINE },
];

/** Few rows are seen more often; the best epoch is kept, so that one too many costs time alone. */
const EPOCHS: readonly { readonly upTo: number; readonly epochs: number }[] = [
  { upTo: 100, epochs: 4 },
  { upTo: 1000, epochs: 3 },
  { upTo: 5000, epochs: 2 },
  { upTo: Number.POSITIVE_INFINITY, epochs: 1 },
];

/** @param of.parameters of the base model   @param of.rows to train on */
export function recipeFor({ parameters, rows }: { readonly parameters: number; readonly rows: number }): Recipe {
  const { learningRate, rate } = SIZES.find(({ below }) => parameters < below) as Size;
  const { epochs } = EPOCHS.find(({ upTo }) => rows <= upTo) as (typeof EPOCHS)[number];
  return { learningRate, rate, epochs, batchSize: 8, weightDecay: 0.01, patience: 2 };
}

/** Of the recipe what a federation's tuning takes: epochs are a round's cost there, and rows are many people's. */
export function rateRecipe(config: ModelConfig): { readonly learningRate: number } & RateSchedule {
  const { learningRate, rate } = recipeFor({ parameters: parameterCount(config), rows: 1 });
  return { learningRate, ...rate };
}
