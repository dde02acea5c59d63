import type { ErrorCode, OperatorAction, RoundAction } from '@perfit/protocol';
import type { ClientId, Instant } from './round-state.ts';

/** [RD1] What moves a federation. */
export type RoundEvent = { readonly at: Instant } & (
  | { readonly type: 'client-ready'; readonly client: ClientId }
  | { readonly type: 'client-left'; readonly client: ClientId }
  /** A delta that passed every check of its contents. */
  | { readonly type: 'submission'; readonly client: ClientId; readonly round: number; readonly attempt: number }
  | { readonly type: 'time-passed' }
  /** With the perplexities of the tuned personal models, of those who share theirs; a schedule without a target needs none. */
  | { readonly type: 'committed'; readonly tuned?: readonly number[] }
  /** `storage` is tried again as it is; `aggregate` means that the sums themselves are of no use. */
  | { readonly type: 'commit-failed'; readonly cause: 'storage' | 'aggregate'; readonly reason: string }
  /** The disk lost accepted submissions: they may be sent again. */
  | { readonly type: 'submissions-lost'; readonly clients: readonly ClientId[] }
  | { readonly type: 'operator'; readonly action: OperatorAction | RoundAction }
  /** The coordinator came back on this state: nobody is connected, a commit may have been under way. */
  | { readonly type: 'restarted' }
);

/**
 * What the caller does about a step, in this order, after the new state is on disk. When to wake
 * (`wakeAt`) and what to tell people (`statusOf`) follow from the state and are no effects.
 */
export type RoundEffect =
  /** An attempt begins. */
  | { readonly type: 'begin'; readonly round: number; readonly attempt: number; readonly deadline: Instant }
  | { readonly type: 'offer'; readonly clients: readonly ClientId[] }
  /** [UP4] Exactly one of the next three answers a submission. `accept` must be durable before it is told. */
  | { readonly type: 'accept'; readonly client: ClientId }
  | { readonly type: 'answer-again'; readonly client: ClientId }
  | { readonly type: 'refuse'; readonly client: ClientId; readonly code: ErrorCode; readonly message: string }
  /** [RD3] Write the new theta_g, then send `committed` or `commit-failed`. */
  | { readonly type: 'commit'; readonly round: number; readonly attempt: number }
  /** The attempt is over; a `committed` one made `version` the current theta_g. */
  | {
      readonly type: 'close';
      readonly round: number;
      readonly attempt: number;
      readonly outcome: 'committed' | 'failed';
      readonly version: number;
      readonly submissions: number;
      readonly reason: string | null;
    }
  /** The accepted submissions of this round are of no use any more. */
  | { readonly type: 'discard'; readonly round: number };
export type RoundEffectOf<T extends RoundEffect['type']> = Extract<RoundEffect, { type: T }>;
