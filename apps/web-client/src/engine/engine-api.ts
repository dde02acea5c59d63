/**
 * What the page may ask of the worker, and what it is told. Types only: nothing here pulls the model, the client's
 * loop or TensorFlow.js into the page's bundle.
 */
import type { BenchReport } from '@perfit/bench';
import type { ColumnMapping, ColumnRole, ColumnRoles, DatasetColumn } from '@perfit/core';
import type { FederationDescriptor, FederationStatus, RoundClosed, SessionRecord } from '@perfit/protocol';
import type { Failure } from '../shared/failure/failure.ts';
import type {
  AdaptedModules,
  BackendName,
  DensityCell,
  LoadingStage,
  SessionState,
} from '../shared/session/session-state.ts';
import type { CatalogueApi } from './catalogue-api.ts';
import type { ChatApi } from './chat-api.ts';
import type { ComparisonApi } from './comparison-api.ts';
import type { ExportsApi } from './exports-api.ts';
import type { HistoryApi } from './history-api.ts';
import type { LedgerApi, LedgerEntry } from './ledger-api.ts';
import type { ModelProgress, ModelsApi } from './models-api.ts';
import type { ProbeApi } from './probe-api.ts';

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
  /** Of the graphics processor, as the WebGPU standard names them. */
  readonly features: readonly string[];
  /** The largest buffer that the graphics processor gives out, in bytes; null where it does not compute. */
  readonly largestBuffer: number | null;
  /** Bytes of graphics memory that are counted on; null where the processor computes. */
  readonly graphicsMemory: number | null;
  /** Of the whole device in bytes, coarsely, 8 GiB being 8 or more; null where the browser does not say. */
  readonly memory: number | null;
  /** What this browser lets this site keep, in bytes; null where it does not say. */
  readonly storage: number | null;
}

export type { ColumnMapping, ColumnRole };

/** A file of a person's text. */
export interface LocalFile {
  /** Within a folder with the path from there. */
  readonly name: string;
  readonly content: Blob;
  /** What the person said of its columns. */
  readonly columns?: ColumnMapping;
}

export type DataSplit = 'training' | 'validation' | 'held-out';

export interface DataRow {
  /** What is asked; empty where the row is text to be continued. Of a conversation the last question. */
  readonly prompt: string;
  readonly response: string;
  /** Responses in it: more than one in a conversation. */
  readonly responses: number;
  /** The name of its file. */
  readonly file: string;
  readonly split: DataSplit;
  /** Null where the tokenizer is not there (yet). */
  readonly length: { readonly tokens: number; readonly cut: number } | null;
}

export interface DataPage {
  readonly rows: readonly DataRow[];
  /** How many rows there are to page through. */
  readonly total: number;
}

export interface DataPageWish {
  /** The {@link DataReport} that is meant. */
  readonly report: number;
  readonly show: 'all' | 'held-out' | 'cut';
  readonly from: number;
  readonly count: number;
}

interface DataProblem {
  /** Counted from 1. */
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

/** What one file of a person's text gave. */
export interface DataFileReport {
  readonly name: string;
  readonly bytes: number;
  /** Null where it could not be read. */
  readonly format: string | null;
  /** Repeats not counted. */
  readonly examples: number;
  readonly duplicates: number;
  /** The first rows that were left out; `skipped` counts all. */
  readonly problems: readonly DataProblem[];
  readonly skipped: number;
  /** Of its records; none where it has no records. */
  readonly columns: readonly DatasetColumn[];
  readonly roles: ColumnRoles;
  /** Why it gave nothing. */
  readonly failure: Failure | null;
}

/** What is known of a person's text before the model is there. */
export interface DataReport {
  readonly id: number;
  /** By name. */
  readonly files: readonly DataFileReport[];
  readonly examples: { readonly training: number; readonly validation: number; readonly heldOut: number };
  /** All that the files have, also those that are not taken (`most`). */
  readonly offered: number;
  /** Rows that came twice, in one file or in two, and count once. */
  readonly duplicates: number;
  /** Why this cannot be tuned on. */
  readonly failure: Failure | null;
}

export interface TokenWish {
  /** The {@link DataReport} that is meant. */
  readonly report: number;
  /** Of the federation's model: its tokenizer is fetched, its weights are not. */
  readonly modelPath: string;
  /** T, as the federation has it; a model that reads less has its own. */
  readonly maxLength: number;
}

/** A person's text as the model will read it, in tokens. */
export interface TokenReport {
  readonly maxLength: number;
  readonly tokens: number;
  /** Those that carry loss. */
  readonly responseTokens: number;
  readonly longest: number;
  readonly cut: { readonly examples: number; readonly tokens: number };
  /** Examples that the model can learn nothing from, and why the first of them. */
  readonly dropped: number;
  readonly droppedReason: string | null;
}

/** What decides which rows are held out, and which choose the best round (PF8): shares, of all and of the rest. */
export interface SplitSettings {
  /** Of all examples so many, drawn from all over them; absent is all. */
  readonly most?: number;
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
  readonly dataset: { readonly name: string; readonly files: readonly LocalFile[]; readonly most?: number };
  readonly backend: BackendChoice;
  /** Of WebAssembly; absent lets the worker choose. */
  readonly threads?: number;
  /** [PF8] Whether perplexities and losses may be reported to the coordinator. */
  readonly shareEvaluation: boolean;
  /** What the person agreed to; absent where a program joins that asked nobody. */
  readonly consent?: RecordedConsent;
  /** [PF2] The most that this client wants to own, as a share of N. */
  readonly maxDensity?: number;
  /** Take the seat over from another tab of this browser. */
  readonly takeOver?: boolean;
}

/** What a person agreed to before they took part, as they read it. */
export interface RecordedConsent {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** SHA-256 of the sentences, one a line, in hex. */
  readonly version: string;
  readonly sentences: readonly string[];
  readonly shareEvaluation: boolean;
}

interface ResumeOptions {
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
  readonly consent?: RecordedConsent;
}

export type { LedgerEntry };

/** Everything that the page is told while a session runs. */
export type EngineEvent =
  /** Comes first where this browser remembers an earlier run of the seat. */
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
  /** What a mask can be of, a while before there is one. */
  | { readonly type: 'space'; readonly adapted: AdaptedModules }
  /** The person wants the computing to stop after the present step, or to go on. */
  | { readonly type: 'pause-asked'; readonly isPaused: boolean }
  /** It has stopped, or goes on. */
  | { readonly type: 'paused' | 'resumed'; readonly round: number }
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

export type { ExportChoice, ExportChoices, ExportFormat } from './exports-api.ts';
export type { BenchReport };

/** The worker. Callbacks are Comlink proxies; every method answers with an Outcome and never rejects. */
export interface EngineApi
  extends ModelsApi,
    CatalogueApi,
    ProbeApi,
    ChatApi,
    ComparisonApi,
    ExportsApi,
    LedgerApi,
    HistoryApi {
  /** Starts what would compute, so that what is said of it is true. */
  describeDevice(wish: DeviceWish): Promise<Outcome<DeviceReport>>;
  /** Reads a person's text and keeps it at hand for the next two; nothing is sent. */
  readData(files: readonly LocalFile[], split: SplitSettings): Promise<Outcome<DataReport>>;
  /** Some rows of the text that was read last; none of an earlier one. */
  dataPage(wish: DataPageWish): Promise<Outcome<DataPage>>;
  /** @param onProgress examples done; first with 0, once the tokenizer is there @returns null where another text was read meanwhile */
  countTokens(wish: TokenWish, onProgress: (done: number) => void): Promise<Outcome<TokenReport | null>>;
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
  /**
   * Stops the computing after the present step, or lets it go on there. The client stays connected; a round that closes
   * meanwhile closes without it. Remembered: a tab that comes back is still paused.
   */
  setPaused(isPaused: boolean): Promise<Outcome<null>>;
  /** `asked` is remembered; `moved` only frees the seat, and a reload goes on. */
  leave(why: 'asked' | 'moved'): Promise<Outcome<null>>;
  /**
   * Measures this browser's graphics processor: minutes of computing. Not while somebody takes part in this tab.
   * @param onText a sentence before each part
   */
  bench(onText: (text: string) => void): Promise<Outcome<BenchReport>>;
  /** The session so far as plain JSON; null before the first `join`. */
  session(): Promise<Outcome<SessionRecord | null>>;
}
