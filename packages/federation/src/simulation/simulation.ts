import type { FederationConfig, FederationStatus } from '@perfit/protocol';
import type { Layout, Mask } from '@perfit/protocol/space';
import type { LocalTuner } from '@perfit/protocol/tuner';
import type { ClientEvent } from '../client/client-event.ts';
import type { Fault } from './fault.ts';
import type { SimulatedRound } from './round-records.ts';

export interface SimulatedClient {
  /** Unique among the clients; it stands for the key, so that a client is called the same in every run. */
  readonly name: string;
  readonly tuner: LocalTuner;
  /** [PF2] */
  readonly maxDensity?: number;
}

export interface SimulationOptions {
  readonly config: FederationConfig;
  readonly layout: Layout;
  /** They take turns in this order. */
  readonly clients: readonly SimulatedClient[];
  readonly faults?: readonly Fault[];
  /** [PF9] Whether every client has a twin that tunes alone, when the rounds are over: about twice the work. */
  readonly twin?: boolean;
  /** Milliseconds of a real clock, for `seconds`: nothing else depends on it. */
  readonly stopwatch: () => number;
  readonly signal?: AbortSignal;
}

export interface SimulationEvent {
  readonly client: string;
  readonly event: ClientEvent;
}

/** What a client owned at the end. */
export interface OwnedMask {
  readonly client: string;
  readonly mask: Mask;
}

export interface SimulationResult {
  /** Rounds in which a client got as far as to a tuned module, by round and then in the order of the clients. */
  readonly rounds: readonly SimulatedRound[];
  readonly status: FederationStatus;
  /** The last θ_g, [N]. */
  readonly theta: Float32Array;
  /** How far each commit moved θ_g, in the L2 norm. */
  readonly steps: readonly number[];
  /** What each client owned at the end, as far as it got to a mask, in the order of the clients. */
  readonly masks: readonly OwnedMask[];
}
