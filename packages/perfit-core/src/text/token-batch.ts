/**
 * Rows of tokens of one length, padded on the right.
 * `labels[b·T + t]` is the token that position t must predict, already shifted; -100 carries no loss.
 */
export interface TokenBatch {
  /** [B·T] */
  readonly inputIds: Int32Array;
  /** [B·T] */
  readonly labels: Int32Array;
  /** B */
  readonly rows: number;
  /** T */
  readonly length: number;
  /** Tokens that are not padding. */
  readonly tokens: number;
}

/** The label of a position that carries no loss. */
export const noLabel = -100;
