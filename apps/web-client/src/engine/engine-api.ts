/**
 * What the page may ask of the worker, and what it is told. Types only: nothing here pulls the model, the client's
 * loop or TensorFlow.js into the page's bundle.
 */
import type { BenchReport } from '@perfit/core';
import type { FederationDescriptor, FederationStatus, RoundClosed, SessionRecord } from '@perfit/protocol';
import type { Failure } from '../shared/failure/failure.ts';
import type { BackendName, DensityCell, LoadingStage, SessionState } from '../shared/session/session-state.ts';
import type { CatalogueApi } from './catalogue-api.ts';
import type { ExportsApi } from './exports-api.ts';
import type { ModelProgress, ModelsApi } from './models-api.ts';

export type BackendChoice = 'auto' | 'webgpu' | 'wasm';

/** Either side of a call: a rejected promise would lose its code between worker and page. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Failure };

export interface DeviceWish {
  readonly backend: BackendChoice;
  /** Of WebAssembly. */
  readonly threads?: number;
}

export interface DeviceReport {
  readonly backend: BackendName;
  /** For people: "Apple M2", "SwiftShader". */
  readonly description: string;
  /** A sentence: why this one. */
  readonly reason: string;
  readonly crossOriginIsolated: boolean;
  /** Of the processor. */
  readonly cores: number;
  /** Of WebAssembly; 0 where the graphics processor computes. */
  readonly threads: number;
  /** What this browser lets this site keep, in bytes; null where it does not say. */
  readonly storage: number | null;
}

export interface DataRow {
  /** What is asked; empty where the row is text to be continued. */
  readonly prompt: string;
  readonly response: string;
  readonly heldOut: boolean;
}

export interface DataProblem {
  /** Counted from 1; absent where the problem is the file's. */
  readonly line?: number;
  readonly code: string;
  readonly message: string;
}

/** What is known of a person's text before the model is there. */
export interface DataReport {
  readonly name: string;
  readonly bytes: number;
  readonly examples: { readonly training: number; readonly validation: number; readonly heldOut: number };
  /** The first rows. */
  readonly preview: readonly DataRow[];
  /** The first problems; `problemCount` counts all. */
  readonly problems: readonly DataProblem[];
  readonly problemCount: number;
  /** Rows that came twice and count once. */
  readonly duplicates: number;
}

/** What decides which rows are held out, and which choose the best round (PF8): shares, of all and of the rest. */
export interface SplitSettings {
  readonly heldOut: number;
  readonly validation: number;
  readonly seed: number;
}

/** One participant of one federation in this browser; `as` tells several apart. */
export interface Seat {
  readonly federation: string;
  /** Empty for the usual one; any short word for a further participant in the same browser. */
  readonly as: string;
}

export interface JoinOptions {
  readonly seat: Seat;
  readonly invite?: string;
  /** Shown to the operator. */
  readonly name: string;
  readonly dataset: { readonly name: string; readonly content: Blob };
  readonly backend: BackendChoice;
  /** Of WebAssembly; absent lets the worker choose. */
  readonly threads?: number;
  /** [PF8] Whether perplexities and losses may be reported to the coordinator. */
  readonly shareEvaluation: boolean;
  /** [PF2] The most that this client wants to own, as a share of N. */
  readonly maxDensity?: number;
  /** Take the seat over from another tab of this browser. */
  readonly takeOver?: boolean;
}

export interface ResumeOptions {
  /** Take the seat over from another tab of this browser. */
  readonly takeOver: boolean;
}

/** What this browser remembers of a seat. */
export interface EarlierSession {
  readonly name: string;
  readonly dataset: { readonly name: string; readonly bytes: number };
  /** `running` goes on by itself; the others wait for the person. */
  readonly standing: 'running' | 'finished' | 'left';
  /** The last round that this client took part in; 0 before the first. */
  readonly round: number;
}

export interface LedgerEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly direction: 'up' | 'down';
  /** The message's name in the protocol, or the file that was fetched. */
  readonly kind: string;
  readonly bytes: number;
}

/** Everything that the page is told while a session runs. */
export type EngineEvent =
  /** Comes first where this browser remembers an earlier sitting of the seat. */
  | { readonly type: 'restored'; readonly session: SessionState; readonly ledger: readonly LedgerEntry[] }
  | {
      readonly type: 'started';
      readonly name: string;
      readonly federation: string;
    }
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
  | { readonly type: 'connection'; readonly state: 'connecting' | 'connected' | 'lost'; readonly reason?: string }
  | {
      readonly type: 'joined';
      readonly client: string;
      readonly federation: FederationDescriptor;
      readonly density: number;
      readonly resumed: boolean;
    }
  | { readonly type: 'status'; readonly status: FederationStatus }
  | { readonly type: 'round-started'; readonly round: number; readonly attempt: number; readonly deadlineMs: number }
  | {
      readonly type: 'warm-up';
      readonly round: number;
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      readonly tokens: number;
    }
  | {
      readonly type: 'prune';
      readonly round: number;
      readonly iteration: number;
      readonly iterations: number;
      readonly kept: number;
    }
  | { readonly type: 'mask'; readonly round: number; readonly kept: number; readonly size: number }
  | { readonly type: 'mask-map'; readonly cells: readonly DensityCell[] }
  | {
      readonly type: 'tuning';
      readonly round: number;
      readonly epoch: number;
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      readonly tokens: number;
    }
  | {
      readonly type: 'perplexity';
      readonly round: number;
      readonly of: 'base' | 'received' | 'tuned';
      readonly value: number;
    }
  /** On the person's validation rows: what the best round is chosen by. */
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
  | { readonly type: 'submitted'; readonly round: number; readonly bytes: number }
  | { readonly type: 'round-closed'; readonly closed: RoundClosed }
  | { readonly type: 'problem'; readonly error: Failure; readonly retry: string }
  | { readonly type: 'ledger'; readonly entries: readonly LedgerEntry[] }
  | { readonly type: 'finished'; readonly status: FederationStatus }
  | { readonly type: 'left'; readonly reason: 'asked' | 'replaced' }
  | { readonly type: 'failed'; readonly error: Failure };

/** An event and when it happened, in milliseconds since 1970. */
export interface TimedEvent {
  readonly at: number;
  readonly event: EngineEvent;
}

export type EventSink = (events: readonly TimedEvent[]) => void;

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ChatOptions {
  readonly maxTokens: number;
  /** 0 takes the likeliest token each time. */
  readonly temperature: number;
  readonly seed: number;
}

export interface ChatReply {
  readonly text: string;
  readonly tokens: number;
  /** The model ended it, `maxTokens` did, the context is full, or somebody stopped it. */
  readonly reason: 'ended' | 'length' | 'context' | 'stopped';
}

export type { ExportChoice, ExportChoices, ExportFormat } from './exports-api.ts';
export type { BenchReport };

/** The worker. Callbacks are Comlink proxies; every method answers with an Outcome and never rejects. */
export interface EngineApi extends ModelsApi, CatalogueApi, ExportsApi {
  /** Starts what would compute, so that what is said of it is true. */
  describeDevice(wish: DeviceWish): Promise<Outcome<DeviceReport>>;
  inspectData(name: string, content: Blob, split: SplitSettings): Promise<Outcome<DataReport>>;
  /** What this browser remembers of a seat. */
  earlier(seat: Seat): Promise<Outcome<EarlierSession | null>>;
  /** Forgets a seat: key, text, mask, adapter. The client comes back as somebody new. */
  forget(seat: Seat): Promise<Outcome<null>>;
  /** Runs until the federation ends or the client leaves. */
  join(options: JoinOptions, sink: EventSink): Promise<Outcome<'finished' | 'left'>>;
  /** The same with what an earlier `join` of the seat was given: after a reload, a crash, or leaving. */
  resume(seat: Seat, options: ResumeOptions, sink: EventSink): Promise<Outcome<'finished' | 'left'>>;
  /** Loads model and adapter of a seat that has ended, without joining again: for chat and export. */
  reopen(seat: Seat, sink: EventSink): Promise<Outcome<null>>;
  /** `asked` is remembered; `moved` only frees the seat, and a reload goes on. */
  leave(why: 'asked' | 'moved'): Promise<Outcome<null>>;
  chat(
    messages: readonly ChatMessage[],
    which: 'base' | 'personal',
    options: ChatOptions,
    onText: (text: string) => void,
  ): Promise<Outcome<ChatReply>>;
  /** Ends the chat that runs; its text so far stands. */
  stopChat(): Promise<Outcome<null>>;
  /**
   * Measures this browser's graphics processor: minutes of computing. Not while somebody takes part in this tab.
   * @param onText a sentence before each part
   */
  bench(onText: (text: string) => void): Promise<Outcome<BenchReport>>;
  /** The session so far as plain JSON; null before the first `join`. */
  session(): Promise<Outcome<SessionRecord | null>>;
}
