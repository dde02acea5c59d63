import type { FederationConfig, StrategyName } from '@perfit/protocol';
import type { Layout, Mask, ModelDimensions } from '@perfit/protocol/space';

/**
 * Everything in which one method of federated tuning differs from another: the shape of the space, how a client
 * finds what it owns, what of that is exchanged and averaged (PF6), and what a round's tuning starts from (PF7).
 * The rest of the system does not know which one runs. Pure.
 */
export interface Strategy {
  readonly name: StrategyName;
  readonly title: string;
  /** One sentence for the operator who chooses. */
  readonly description: string;

  /**
   * What the method leaves its client with: θ_g as it arrives (the client's own tuning only serves it), or θ_i as the
   * client tuned it last. Experiments judge a method by that.
   */
  readonly result: 'global' | 'personal';

  /** [PF1] The rank of the space, and which of its matrices train. */
  space(lora: FederationConfig['lora'], dimensions: ModelDimensions): { rank: number; trains: Trains };

  /** [PF3] How a client finds the mask that it owns. */
  mask(config: FederationConfig): MaskSource;

  /**
   * What is uploaded, averaged and downloaded again, as a part of what is owned. The coordinator knows
   * only this mask.
   */
  exchanged(layout: Layout, owned: Mask, at: RoundAt): Mask;

  /** [PF7] θ that a round's tuning starts from. @returns [N]; at exchanged positions it is what was received */
  start(from: RoundStart): Float32Array;
}

/** A strategy may do other things in one round than in another. */
export interface RoundAt {
  readonly config: FederationConfig;
  readonly round: number;
}

export type Trains = 'both' | 'A' | 'B';

export type MaskSource =
  /** [PF3] Searched on the client's own text, to its density. */
  | { readonly kind: 'search'; readonly settings: MaskSearch }
  /** Every position of the matrices that train: the same for every client, and nothing to search. */
  | { readonly kind: 'whole'; readonly trains: Trains };

export type MaskSearch = Pick<
  FederationConfig['search'],
  'warmupEpochs' | 'iterations' | 'batches' | 'score' | 'scope'
>;

export interface RoundStart extends RoundAt {
  readonly layout: Layout;
  readonly owned: Mask;
  /** [N]: θ_g at exchanged positions and zero elsewhere, or all of θ_g where the federation has `receive: all`. */
  readonly received: Float32Array;
  /** θ_i as this client tuned it last (PF9); null before its first round. */
  readonly previous: Float32Array | null;
}
