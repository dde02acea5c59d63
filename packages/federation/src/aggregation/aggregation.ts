import type { FederationConfig } from '@perfit/protocol';
import type { Layout, Mask } from '@perfit/protocol/space';

/**
 * [PF6] What a round's submissions are folded into: each when it arrives, and then it is forgotten. Pure, and the same
 * to the bit where the same submissions come in the same order.
 */
export interface Aggregation {
  /**
   * @param packedDelta [mask.kept], in layout order
   * @throws RangeError where mask, delta or weight are not what the caller has already checked (UP1, UP3)
   */
  add(mask: Mask, packedDelta: Float32Array, weight: number): void;

  /**
   * The state of the next version; the one before is left alone.
   * @throws ProtocolError `delta-not-finite` where the result is not finite: it must not be committed
   */
  apply(): GlobalState;

  /** The same in short steps, where it takes long: whoever has other things to do does them in between. */
  applyInSteps?(): Generator<void, GlobalState>;
}

/** One version of what the coordinator holds. */
export interface GlobalState {
  /** θ_g, [N]. */
  readonly theta: Float32Array;
  /** Of the server's optimizer; null where there is none, and before its first step. */
  readonly moments: Moments | null;
  /**
   * [PF3] Which share of the submissions that made this version own each position, [N], each in [0, 1]; null where no
   * search asks for it, and before the first commit.
   */
  readonly owners: Float32Array | null;
}

export interface Moments {
  /** [N]. */
  readonly first: Float32Array;
  /** [N]; null where the optimizer has only one. */
  readonly second: Float32Array | null;
}

/** What an aggregation is about. */
export interface AggregationSpace {
  readonly config: FederationConfig;
  readonly layout: Layout;
  /** The round that it ends. */
  readonly round: number;
  /** Before the round. Not to be written to. */
  readonly global: GlobalState;
}
