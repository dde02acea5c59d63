import type { Conclusion, KeptModule } from '@perfit/federation';
import type { FederationDescriptor, FederationStatus, SessionPhase } from '@perfit/protocol';
import type { Failure } from '../failure.ts';
import type { Answering, Answers } from './answers.ts';
import type { Pace } from './pace.ts';

export type { Conclusion };

export type BackendName = 'webgpu' | 'wasm' | 'cpu';

/** Which share of an adapted layer this client owns. */
export interface DensityCell {
  readonly layer: number;
  readonly module: string;
  readonly density: number;
}

export type LoadingStage = 'device' | 'model' | 'text' | 'tuner';

/** All of it zero or null where nothing is counted. */
export interface LoadProgress {
  readonly bytes: number;
  readonly total: number;
  /** The part of `bytes` that came over the network. */
  readonly fetched: number;
  readonly bytesPerSecond: number | null;
  readonly secondsLeft: number | null;
}

export const nothingLoaded: LoadProgress = { bytes: 0, total: 0, fetched: 0, bytesPerSecond: null, secondsLeft: null };

/** What the client does at this moment; each says how far it is. */
export type Activity =
  | { readonly kind: 'idle' }
  | ({ readonly kind: 'loading'; readonly stage: LoadingStage } & LoadProgress)
  | { readonly kind: 'connecting' }
  | { readonly kind: 'recruiting'; readonly ready: number; readonly recruit: number }
  /** Between the offer and the first thing that takes time; `search` where a mask must be found first. */
  | { readonly kind: 'preparing'; readonly search: boolean }
  | { readonly kind: 'downloading'; readonly bytes: number; readonly total: number }
  | { readonly kind: 'measuring'; readonly of: 'base' | 'received' | 'tuned' }
  | { readonly kind: 'warming-up'; readonly step: number; readonly steps: number }
  | { readonly kind: 'pruning'; readonly iteration: number; readonly iterations: number }
  | { readonly kind: 'tuning'; readonly epoch: number; readonly step: number; readonly steps: number }
  | { readonly kind: 'uploading'; readonly what: 'mask' | 'delta'; readonly bytes: number; readonly total: number }
  | { readonly kind: 'waiting'; readonly why: 'others' | 'next-round' | 'paused' }
  /** [PF9] The twin's turn: it tunes on this text alone. */
  | { readonly kind: 'alone'; readonly tuning: number; readonly of: number; readonly done: number }
  /** [PF9] The rounds are over, and what is kept is chosen. */
  | { readonly kind: 'concluding' }
  | { readonly kind: 'finished' }
  | { readonly kind: 'left'; readonly reason: 'asked' | 'replaced' | 'removed' }
  | { readonly kind: 'failed'; readonly error: Failure };

export interface RoundState {
  readonly number: number;
  readonly attempt: number;
  readonly outcome: 'open' | 'committed' | 'failed';
  /** A sentence, where it failed. */
  readonly reason: string | null;
  readonly received: number | null;
  readonly tuned: number | null;
  readonly loss: number | null;
  readonly startedAt: number;
  /** When this client had done its part, or the round closed without it. */
  readonly endedAt: number | null;
  /** [RD2] When the round closes at the latest, by this device's clock. Absent, as all below, where an earlier version kept it. */
  readonly deadlineAt?: number;
  /** Whether this client's part went in. */
  readonly isSubmitted?: boolean;
  /** How many people's changes it was made of, where it was committed. */
  readonly submissions?: number;
  /** Of messages since the round was offered. */
  readonly bytesUp?: number;
  readonly bytesDown?: number;
}

/** [PF9] Where the personal module comes from; `of` is absent where that is not known. */
export interface ModuleOrigin {
  readonly round: number;
  readonly of?: KeptModule['of'];
}

/** One optimizer step, for the chart of the loss. */
export interface LossPoint {
  readonly round: number;
  readonly part: 'warm-up' | 'tuning';
  readonly loss: number;
}

/** When what is under way is done, by what was measured; milliseconds since 1970, null where nobody can know. */
export interface Estimate {
  /** What `activityEndsAt` is of: the activity's kind, and of what it is where it measures. */
  readonly activity: string;
  readonly activityEndsAt: number | null;
  /** What `roundEndsAt` is of. */
  readonly round: number;
  /** When this client's part of the round is done. */
  readonly roundEndsAt: number | null;
}

/** The layers that can be adapted, and the modules of each. */
export interface AdaptedModules {
  readonly layers: number;
  readonly modules: readonly string[];
}

export interface SessionState {
  readonly phase: SessionPhase;
  readonly activity: Activity;
  readonly name: string;
  readonly federationId: string;
  readonly federation: FederationDescriptor | null;
  readonly client: string | null;
  readonly resumed: boolean;
  readonly connected: boolean;
  readonly backend: BackendName | null;
  readonly device: { readonly description: string; readonly reason: string } | null;
  readonly examples: { readonly training: number; readonly heldOut: number } | null;
  /** A prompt of the held-out rows, to try the model with. */
  readonly question: string | null;
  /** Which models can be talked to in this run. */
  readonly models: { readonly base: boolean; readonly personal: ModuleOrigin | null };
  readonly status: FederationStatus | null;
  readonly density: number | null;
  readonly kept: number | null;
  readonly size: number | null;
  readonly densityMap: readonly DensityCell[];
  /** Known a while before the mask is. */
  readonly adapted: AdaptedModules | null;
  /** `asked` until the present step is done. */
  readonly pause: 'off' | 'asked' | 'held';
  /** [PF9] Whether a second model is tuned on this text alone. */
  readonly compares: boolean;
  /** Milliseconds that one row takes in one pass, measured over the steps of this run; null before there are some. */
  readonly pace: Pace | null;
  readonly estimate: Estimate | null;
  readonly basePerplexity: number | null;
  readonly rounds: readonly RoundState[];
  readonly losses: readonly LossPoint[];
  /** [PF9] What was chosen when the federation had ended, and whether joining helped; null before. */
  readonly conclusion: Conclusion | null;
  /** [PF8] Held-out questions, answered by the base model and by the personal one as it was round after round. */
  readonly answers: Answers | null;
  readonly answering: Answering;
  /** Measured over the steps of this run. */
  readonly tokensPerSecond: number | null;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly problems: readonly Failure[];
  readonly lastProblem: { readonly error: Failure; readonly retry: string; readonly at: number } | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** When the last step ended: the next one's tokens are measured from there. */
  readonly lastStepAt: number | null;
}

export const emptySession: SessionState = {
  phase: 'idle',
  activity: { kind: 'idle' },
  name: '',
  federationId: '',
  federation: null,
  client: null,
  resumed: false,
  connected: false,
  backend: null,
  device: null,
  examples: null,
  question: null,
  models: { base: false, personal: null },
  status: null,
  density: null,
  kept: null,
  size: null,
  densityMap: [],
  adapted: null,
  pause: 'off',
  compares: false,
  pace: null,
  estimate: null,
  basePerplexity: null,
  rounds: [],
  losses: [],
  conclusion: null,
  answers: null,
  answering: 'auto',
  tokensPerSecond: null,
  bytesUp: 0,
  bytesDown: 0,
  problems: [],
  lastProblem: null,
  startedAt: null,
  endedAt: null,
  lastStepAt: null,
};

/** What `data-state` and the record say for an activity. */
export function phaseOf(activity: Activity): SessionPhase {
  switch (activity.kind) {
    case 'idle':
    case 'left':
      return 'idle';
    case 'loading':
    case 'connecting':
      return 'loading';
    case 'recruiting':
      return 'recruiting';
    case 'warming-up':
    case 'pruning':
      return 'searching';
    case 'preparing':
      return activity.search ? 'searching' : 'tuning';
    case 'downloading':
    case 'measuring':
    case 'tuning':
      return 'tuning';
    case 'uploading':
      return 'uploading';
    case 'waiting':
    case 'alone':
    case 'concluding':
      return 'waiting';
    case 'finished':
      return 'finished';
    case 'failed':
      return 'failed';
  }
}
