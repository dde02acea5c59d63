import type { ClientEvent } from '@perfit/federation';
import type { Failure } from './failure.ts';
import type { LedgerEntry } from './ledger-api.ts';
import type { ModelProgress } from './models-api.ts';
import type { Answered, Answering } from './session/answers.ts';
import type { AdaptedModules, BackendName, DensityCell, LoadingStage, SessionState } from './session/session-state.ts';

/** What the client's loop tells. Its errors come as plain data: an exception would lose its code on the way to the page. */
type LoopEvent =
  | Exclude<ClientEvent, { type: 'problem' }>
  | (Omit<Extract<ClientEvent, { type: 'problem' }>, 'error'> & { readonly error: Failure });

/** Everything that the page is told while a session runs. */
export type EngineEvent =
  | LoopEvent
  /** Comes first where this browser remembers an earlier run of the seat. */
  | { readonly type: 'restored'; readonly session: SessionState; readonly ledger: readonly LedgerEntry[] }
  | { readonly type: 'started'; readonly name: string; readonly federation: string }
  | ({ readonly type: 'loading'; readonly stage: LoadingStage } & Partial<ModelProgress>)
  | { readonly type: 'device'; readonly backend: BackendName; readonly description: string; readonly reason: string }
  | {
      readonly type: 'examples';
      readonly training: number;
      readonly heldOut: number;
      /** A prompt of the held-out rows, to try the model with. */
      readonly question: string | null;
    }
  /** Which models can be talked to from now on. */
  | ({ readonly type: 'models' } & SessionState['models'])
  | { readonly type: 'mask-map'; readonly cells: readonly DensityCell[] }
  /** What a mask can be of, a while before there is one. */
  | { readonly type: 'space'; readonly adapted: AdaptedModules }
  /** The person wants the computing to stop after the present step, or to go on. */
  | { readonly type: 'pause-asked'; readonly isPaused: boolean }
  /** [PF9] Whether the person wants to compare with tuning alone. */
  | { readonly type: 'compare'; readonly isWanted: boolean }
  /** [PF8] Held-out questions, as both models answer them now. */
  | ({ readonly type: 'answers' } & Answered)
  /** Whether they are answered while the client waits. */
  | { readonly type: 'answering'; readonly how: Answering }
  | { readonly type: 'ledger'; readonly entries: readonly LedgerEntry[] }
  | { readonly type: 'failed'; readonly error: Failure };

/** An event and when it happened, in milliseconds since 1970. */
export interface TimedEvent {
  readonly at: number;
  readonly event: EngineEvent;
}

export type EventSink = (events: readonly TimedEvent[]) => void;
