import type { FederationConfig } from '@perfit/protocol';
import type { Layout, Mask, ModelDimensions } from '@perfit/protocol/space';
import type { Aggregation, AggregationSpace } from '../aggregation/aggregation.ts';

/** A {@link StrategyMethods} by its name: what a federation's `strategy` says. */
export interface Strategy extends StrategyMethods {
  /** Small letters, digits, `+` and `-`, from a letter on; at most 40. */
  readonly name: string;
  readonly title: string;
  /** One sentence for the operator who chooses. */
  readonly description: string;
}

/**
 * Everything in which one method of federated tuning differs from another: the shape of the space, how a client
 * finds what it owns, what of that is exchanged and how it is averaged (PF6), and what a round's tuning starts from
 * (PF7). The rest of the system does not know which one runs. Pure: the same answers for the same arguments, at the
 * coordinator and at every client. Parameters of its own are in `config.strategyOptions`.
 */
export interface StrategyMethods {
  /**
   * What the method leaves its client with: θ_g as it arrives (the client's own tuning only serves it), or θ_i as the
   * client tuned it last. Experiments judge a method by that.
   */
  readonly result: 'global' | 'personal';

  /** [PF1] The space: its rank, α (the scale is α/rank), and which of its matrices train. */
  space(lora: FederationConfig['lora'], dimensions: ModelDimensions): StrategySpace;

  /** [PF3] How a client finds the mask that it owns. */
  mask(at: RoundAt): MaskSource;

  /** [PF4] Absent where the method tunes as the federation says. */
  tuning?(config: FederationConfig): FederationConfig['tuning'];

  /** [PF7] Whether a client is sent what it exchanges, or all of θ_g. */
  receive(config: FederationConfig): FederationConfig['receive'];

  /** What is uploaded and averaged, as a part of what is owned. The coordinator knows only this mask. */
  exchanged(layout: Layout, owned: Mask, at: RoundAt): Mask;

  /**
   * [PF7] θ that a round's tuning starts from; [N]. What a client sends is what it has tuned less what it received, so
   * that a start of its own making travels with the delta.
   */
  start(from: RoundStart): Float32Array;

  /** [PF6] How a round's submissions are folded together: `openAggregation` knows what the names mean. */
  readonly averaging: Averaging | ((space: AggregationSpace) => Aggregation);
}

export type Averaging =
  /** Every position over the clients that own it. */
  'parameterwise' | 'hetlora' | 'flora' | 'flexlora';

export interface StrategySpace {
  readonly rank: number;
  readonly alpha: number;
  readonly trains: Trains;
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
  /** [PF2] The first round(ρ_i·R) ranks, at least one. */
  | { readonly kind: 'ranks' }
  /** The same for every client, and nothing to search. */
  | { readonly kind: 'whole'; positions(layout: Layout): Mask };

export type MaskSearch = Pick<
  FederationConfig['search'],
  'warmupEpochs' | 'iterations' | 'batches' | 'score' | 'scope'
>;

export interface RoundStart extends RoundAt {
  readonly layout: Layout;
  readonly owned: Mask;
  /** [N]: θ_g at exchanged positions and zero elsewhere, or all of θ_g where everything is received. */
  readonly received: Float32Array;
  /** θ_i as this client tuned it last (PF9); null before its first round. */
  readonly previous: Float32Array | null;
  /** [N]: what the warm-up of this round's search tuned, in the whole space; null where there was none. */
  readonly warm: Float32Array | null;
}
