import type { Layout, Mask } from './space/index.ts';

/**
 * What a client must be able to do with its own model and its own text. The client's loop drives it and
 * knows nothing of tensors; perfit-core's `createLocalTuner` makes one over a model.
 *
 * theta is always the whole adapter [N] in layout order. Long work yields its progress and obeys the
 * signal by throwing its reason.
 */
export interface LocalTuner {
  readonly layout: Layout;
  /** How many examples of the person's text are trained on, and how many are only ever evaluated (PF8). */
  readonly examples: { readonly training: number; readonly heldOut: number; readonly validation: number };

  /** Perplexity on the held-out examples, or on those for validation; `null` is the base model without an adapter (PF8). */
  perplexity(theta: Float32Array | null, signal?: AbortSignal, on?: EvaluationSplit): Promise<number>;

  /**
   * [PF9] How surprised an adapter is by each held-out example by itself, in an order that never changes, so that two
   * adapters can be compared row by row.
   */
  heldOutLosses(theta: Float32Array | null, signal?: AbortSignal): Promise<readonly RowLoss[]>;

  /** [PF2] Tokens a second that this device tunes, padding not counted: one step, after one that warms it up. */
  measureSpeed(signal?: AbortSignal): Promise<number>;

  /** PF3 (a) and (b), from theta_g: warm-up in the whole space, then the iterative search. */
  search(
    start: SearchStart,
    settings: SearchSettings,
    signal?: AbortSignal,
  ): AsyncGenerator<SearchProgress, SearchedMask>;

  /** PF4, from `start`: AdamW confined to the mask. Returns the tuned theta. */
  tune(
    start: TuningStart,
    settings: TuningSettings,
    signal?: AbortSignal,
  ): AsyncGenerator<TuningProgress, TunedAdapter>;
}

/** What a model makes of one example. */
export interface RowLoss {
  /** Negative log-likelihood of its response, in nats: the sum over its tokens. */
  readonly nats: number;
  /** Tokens of its response. */
  readonly tokens: number;
}

/** Rows that a client never trains on: to report on, and to choose the best round by. */
type EvaluationSplit = 'heldOut' | 'validation';

interface SearchedMask {
  readonly mask: Mask;
  /** θ after the warm-up, in the whole space; [N]. */
  readonly warm: Float32Array;
}

export interface SearchStart {
  readonly theta: Float32Array;
  /** Takes up where an interrupted `search` of the same theta and settings was. */
  readonly checkpoint?: SearchCheckpoint;
}

/** Everything that a search needs to go on: in its warm-up, or after some of its steps. */
export type SearchCheckpoint =
  | { readonly part: 'warm-up'; readonly tuning: TuningCheckpoint }
  | {
      readonly part: 'pruning';
      /** θ after the warm-up, [N]. */
      readonly warm: Float32Array;
      /** Steps done: 0 … K. */
      readonly iteration: number;
      /** What they left. */
      readonly mask: Mask;
    };

export interface SearchSettings {
  /** ρ: the share of N to keep. */
  readonly density: number;
  /** W, as epochs over the training split; steps = max(1, round(epochs · steps an epoch)), 0 stays 0. */
  readonly warmupEpochs: number;
  /** K. */
  readonly iterations: number;
  /** S: the gradient of one score is averaged over this many batches. */
  readonly batches: number;
  readonly score: 'taylor' | 'magnitude' | 'gradient' | 'random';
  readonly scope: 'global' | 'tensor';
  /** Every score is multiplied by 1 + λ·o: the weight is λ, the owners are o, [N], each in [0, 1]. */
  readonly prior?: { readonly weight: number; readonly owners: Float32Array };
  /** The warm-up trains with these; its epochs are `warmupEpochs`. */
  readonly tuning: TuningSettings;
  readonly seed: number;
}

export interface TuningSettings {
  readonly epochs: number;
  readonly batchSize: number;
  /** Batches whose gradients are averaged into one step. */
  readonly accumulation: number;
  readonly learningRate: number;
  /** Share of the steps over which the rate rises; it does not where absent. */
  readonly rate?: { readonly warmup: number; readonly decay: 'constant' | 'cosine' } | undefined;
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Global norm over owned coordinates; 0 clips nothing. */
  readonly clipNorm: number;
  /** μ of a pull μ(θ − θ_start) on owned coordinates; 0 does not pull. */
  readonly proximal: number;
  /** Order of the examples. */
  readonly seed: number;
}

export interface TuningStart {
  readonly theta: Float32Array;
  /** Coordinates that train; the others stay as they are in theta and still work (PF7 `receive: all`). */
  readonly mask: Mask;
  /** Takes up where an interrupted `tune` of the same start and settings was. */
  readonly checkpoint?: TuningCheckpoint;
}

/** Everything that a tuning needs to go on: after `step` optimizer steps. Each array is [N]. */
export interface TuningCheckpoint {
  readonly step: number;
  readonly theta: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
}

export interface TunedAdapter {
  readonly theta: Float32Array;
  readonly steps: number;
  /** Mean training loss of the last epoch, nats a response token. */
  readonly loss: number;
}

export type SearchProgress =
  | {
      readonly kind: 'warmup';
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      readonly tokens: number;
    }
  | { readonly kind: 'prune'; readonly iteration: number; readonly iterations: number; readonly kept: number }
  | { readonly kind: 'checkpoint'; readonly checkpoint: SearchCheckpoint };

export type TuningProgress =
  | {
      readonly kind: 'step';
      readonly epoch: number;
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      /** Tokens of this step's batches, padding not counted. */
      readonly tokens: number;
    }
  | { readonly kind: 'checkpoint'; readonly checkpoint: TuningCheckpoint; readonly isEpochEnd?: boolean };
