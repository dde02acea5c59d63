import type { AnnouncementName, AnnouncementOf, Progress, RequestName, RequestOf, ValueOf } from '@perfit/protocol';
import type { Mask } from '@perfit/protocol/space';
import type { SearchCheckpoint, TuningCheckpoint } from '@perfit/protocol/tuner';

/**
 * The way to the coordinator. `connected` comes after every connect and reconnect, and then the handshake runs anew.
 * Whoever starts to listen while it is connected hears `connected` first.
 */
export interface Connection {
  /** Connects, if it is not connected and not about to be. The client's loop calls it again after every loss. */
  connect(): void;
  /** @throws ProtocolError as the server answered it; `ConnectionLost` where the connection broke before the answer. */
  request<K extends RequestName>(name: K, message: RequestOf<K>, signal?: AbortSignal): Promise<ValueOf<K>>;
  /** Droppable, unanswered. */
  notify(name: 'progress', message: Progress): void;
  /** @returns a function that ends the subscription */
  on(listener: (event: ConnectionEvent) => void): () => void;
  close(): void;
}

export type ConnectionEvent =
  | { readonly type: 'connected' }
  | { readonly type: 'lost'; readonly reason: string }
  | { [K in AnnouncementName]: { readonly type: K; readonly message: AnnouncementOf<K> } }[AnnouncementName];

/** [HS2] The client's key. The private half never leaves where it was made. */
export interface Identity {
  /** SPKI, base64url. */
  readonly publicKey: string;
  /** ECDSA P-256 with SHA-256, IEEE P1363, base64url. */
  sign(text: string): Promise<string>;
}

/** What survives a reload or a crash, by federation. Writes are atomic: a reader sees the old record or the new one. */
export interface ClientStore {
  load(federation: string): Promise<ClientRecord | null>;
  save(federation: string, record: ClientRecord): Promise<void>;
  remove(federation: string): Promise<void>;
}

export interface ClientRecord {
  /** The layout that everything below is in. */
  readonly layoutHash: string;
  /** What the client owns, and the round in which it was found. */
  readonly mask: Mask | null;
  readonly maskRound: number | null;
  /** θ_i as it was tuned last (PF9), and in which round. */
  readonly tuned: { readonly round: number; readonly theta: Float32Array } | null;
  /** The best of what was received and tuned, by the client's own validation rows; null where there are none. */
  readonly best: {
    readonly round: number;
    /** Absent in records from before it was kept. */
    readonly of?: 'received' | 'tuned';
    readonly theta: Float32Array;
    /** On the validation rows. */
    readonly perplexity: number;
  } | null;
  /** Perplexity of the base model, which does not change. */
  readonly basePerplexity: number | null;
  /** The latest round's tuning. A repeat of the round takes it up too: both start from the same theta_g. */
  readonly inProgress: {
    readonly round: number;
    readonly attempt: number;
    /** What the tuning started from (PF7), [N]. */
    readonly start: Float32Array;
    /** At exchanged positions what was received, [N]; null where the tuning started from just that. */
    readonly received: Float32Array | null;
    /** Of the start. */
    readonly receivedPerplexity: number;
    readonly checkpoint: TuningCheckpoint | null;
    /** The tuning is over and `tuned` has its theta; null while it runs. */
    readonly finished: FinishedTuning | null;
  } | null;
  /** [PF3] The latest search, until a tuning with its mask has begun. Of use for the same theta_g and density only. */
  readonly search: {
    readonly round: number;
    readonly density: number;
    readonly checkpoint: SearchCheckpoint;
  } | null;
  /** [PF5a] Null where deltas do not go in int8. */
  readonly residual: Residual | null;
  /** [PF9] In which rounds the client has tuned, in their order: its twin does the same. */
  readonly tunedRounds: readonly number[];
  /** [PF9] The mean of what was tuned last, and of how many tunings. */
  readonly mean: MeanOfTunings | null;
  /** [PF9] Null where the client has none, or it has not begun. */
  readonly twin: Twin | null;
  /** [PF9] What the client chose when the federation had ended; null before. */
  readonly kept: KeptModule | null;
}

export interface MeanOfTunings {
  readonly count: number;
  /** [N] */
  readonly theta: Float32Array;
}

/** [PF9] How far a client's twin is, which tunes on the client's text alone. */
export interface Twin {
  /** How many of the client's tunings it has done. */
  readonly tunings: number;
  /** What it tuned last, or what it began with; [N]. Null before. */
  readonly theta: Float32Array | null;
  readonly mean: MeanOfTunings | null;
  /** The best of what it tuned, by the client's validation rows; without such rows the last. */
  readonly best: { readonly round: number; readonly theta: Float32Array; readonly perplexity: number | null } | null;
  /** Of the tuning that is under way. */
  readonly checkpoint: TuningCheckpoint | null;
}

/**
 * [PF9] Where a module comes from: a round as it was received or tuned, what the last commit came to, a mean of such, or the
 * client's twin.
 */
export const moduleOrigins = ['received', 'tuned', 'final', 'mean', 'mix', 'alone', 'alone-mean'] as const;
export type ModuleOrigin = (typeof moduleOrigins)[number];

export interface KeptModule {
  readonly round: number;
  readonly of: ModuleOrigin;
  /** [N] */
  readonly theta: Float32Array;
  /** On the validation rows; null where there are none. */
  readonly perplexity: number | null;
}

/** [PF5a] What int8 took from the client's latest delta. Packed by a mask of its own: it belongs to positions, and masks change. */
export interface Residual {
  /** The delta's. */
  readonly round: number;
  /** What was exchanged in that round. */
  readonly mask: Mask;
  /** What was owed when the delta was encoded: owed still where the coordinator did not accept it. [mask.kept] */
  readonly before: Float32Array;
  /** What is owed where it did. [mask.kept] */
  readonly after: Float32Array;
}

export interface FinishedTuning {
  readonly steps: number;
  /** Of tuning, as far as this process saw it. */
  readonly seconds: number;
  readonly loss: number;
  readonly perplexity: number;
}

export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}
