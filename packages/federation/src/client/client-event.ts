import type { FederationDescriptor, FederationStatus, ProtocolError, RoundClosed } from '@perfit/protocol';
import type { SearchProgress, TuningProgress } from '@perfit/protocol/tuner';
import type { Conclusion } from './conclusion.ts';

/**
 * What a client's loop tells whoever watches: page, command line, tests. The loop is an async generator of these;
 * after `finished` or `left` it returns.
 */
export type ClientEvent =
  | { readonly type: 'connection'; readonly state: 'connecting' | 'connected' | 'lost'; readonly reason?: string }
  | {
      readonly type: 'joined';
      readonly client: string;
      readonly federation: FederationDescriptor;
      /** ρ_i (PF2). */
      readonly density: number;
      /** True where key, mask or round were taken up again (HS3). */
      readonly resumed: boolean;
    }
  | { readonly type: 'status'; readonly status: FederationStatus }
  | { readonly type: 'round-started'; readonly round: number; readonly attempt: number; readonly deadlineMs: number }
  | {
      readonly type: 'search';
      readonly round: number;
      readonly progress: Exclude<SearchProgress, { kind: 'checkpoint' }>;
    }
  | { readonly type: 'mask'; readonly round: number; readonly kept: number; readonly size: number }
  | { readonly type: 'tuning'; readonly round: number; readonly progress: Extract<TuningProgress, { kind: 'step' }> }
  | {
      readonly type: 'perplexity';
      readonly round: number;
      readonly of: 'base' | 'received' | 'tuned';
      readonly value: number;
    }
  /** On the client's own validation rows, where it has some: what its best round is chosen by. */
  | {
      readonly type: 'validation';
      readonly round: number;
      readonly of: 'received' | 'tuned';
      readonly value: number;
    }
  | {
      readonly type: 'transfer';
      readonly round: number;
      readonly direction: 'up' | 'down';
      readonly kind: 'mask' | 'delta' | 'slice' | 'theta' | 'owners';
      readonly bytes: number;
      readonly total: number;
    }
  /** [PF9] How far the client's twin is in one of its tunings: it uses the time in which the client would wait. */
  | { readonly type: 'twin'; readonly tuning: number; readonly of: number; readonly done: number }
  /** [PF9] The federation has ended, and the client has chosen what it keeps. */
  | ({ readonly type: 'conclusion' } & Conclusion)
  /** The client's computing stands still, or goes on, because its person said so. */
  | { readonly type: 'paused' | 'resumed'; readonly round: number }
  | { readonly type: 'submitted'; readonly round: number; readonly bytes: number }
  | { readonly type: 'round-closed'; readonly closed: RoundClosed }
  /** Something went wrong and the loop deals with it: `retry` says how. */
  | { readonly type: 'problem'; readonly error: ProtocolError; readonly retry: string }
  | { readonly type: 'finished'; readonly status: FederationStatus }
  | { readonly type: 'left'; readonly reason: 'asked' | 'replaced' | 'removed' };
