/** What the page may ask of the worker about models outside a federation. Types only, as in engine-api.ts. */
import type { Failure } from './failure.ts';
import type { Outcome } from './outcome.ts';
import type { LoadProgress } from './session/session-state.ts';

/** What weights can be rounded to. */
export type RoundedPrecision = 'f32' | 'f16' | 'int8' | 'int4';

/** `file`: packed as a GGUF file has them. */
export type ModelPrecision = 'file' | RoundedPrecision;

/** Where a model's files come from. */
export type ModelOrigin =
  /** This page's coordinator: a folder of its models directory. */
  | { readonly kind: 'mirror'; readonly id: string }
  /** The Hugging Face Hub. The token lives in this call and in memory only. */
  | { readonly kind: 'hub'; readonly repository: string; readonly revision?: string; readonly token?: string }
  /** Files that the person chose: a folder, or the files of one. */
  | { readonly kind: 'files'; readonly name: string; readonly files: readonly File[] };

export interface ModelWish {
  readonly origin: ModelOrigin;
  /** Absent: as the file has it, or by the model's size and the device. */
  readonly precision?: RoundedPrecision;
}

/** Of the model's weights. */
export type ModelProgress = LoadProgress;

export interface OpenedModel {
  readonly name: string;
  /** The commit, or the hash of the files. */
  readonly revision: string;
  readonly modelType: string;
  readonly parameters: number;
  readonly contextLength: number;
  /** As it lies on the device. */
  readonly precision: ModelPrecision;
  readonly backend: 'webgpu' | 'wasm';
  /** Whether this browser keeps all of it, so that it starts without the network next time. */
  readonly kept: boolean;
  /** What whoever talks with it should know, in sentences. */
  readonly notes: readonly string[];
  /** Why it is not kept, where it is not. */
  readonly notice: Failure | null;
}

export interface StoredModel {
  readonly key: string;
  readonly name: string;
  readonly origin: ModelOrigin['kind'];
  readonly revision: string;
  /** Of all its files. */
  readonly bytes: number;
  /** Of those that are here; less than `bytes` where a download was interrupted. */
  readonly storedBytes: number;
  /** Milliseconds since 1970. */
  readonly usedAt: number;
}

export interface ModelStorage {
  readonly models: readonly StoredModel[];
  /** Of this site, in bytes; null where the browser does not say. */
  readonly usage: number | null;
  readonly quota: number | null;
}

/** A PEFT adapter's two files. */
export interface AdapterFiles {
  readonly config: Blob;
  readonly weights: Blob;
}

export interface EvaluationWish {
  readonly name: string;
  readonly content: Blob;
  /** Longer examples are cut, in tokens. */
  readonly maxLength: number;
  /** With the adapter that {@link ModelsApi.useAdapter} took up, where there is one. */
  readonly adapted: boolean;
}

/** As `perfit eval` prints it. */
export interface Evaluation {
  readonly perplexity: number;
  /** Share of the response tokens that are the model's likeliest one, given the right ones before. */
  readonly tokenAccuracy: number;
  readonly examples: number;
  readonly tokens: number;
  readonly responseTokens: number;
}

export interface ModelsApi {
  /** Fetches what is not kept yet, and loads the model onto the device. Not while somebody takes part in this tab. */
  openModel(wish: ModelWish, onProgress: (progress: ModelProgress) => void): Promise<Outcome<OpenedModel>>;
  /** Ends the load that runs; what has come is kept, and the next load goes on from there. */
  cancelModel(): Promise<Outcome<null>>;
  /** Frees the device. */
  closeModel(): Promise<Outcome<null>>;
  modelStorage(): Promise<Outcome<ModelStorage>>;
  /** Frees the space of one model. */
  deleteModel(key: string): Promise<Outcome<null>>;
  /** Takes up a PEFT adapter for the open model, or none. */
  useAdapter(files: AdapterFiles | null): Promise<Outcome<null>>;
  /** Perplexity of the open model on the responses of a file. */
  evaluate(wish: EvaluationWish, onProgress: (done: number, of: number) => void): Promise<Outcome<Evaluation>>;
}
