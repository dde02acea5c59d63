/** What the page may ask of the worker about a person's text. Types only, as in engine-api.ts. */
import type { ColumnMapping, ColumnRole, ColumnRoles, DatasetColumn } from '@perfit/core';
import type { Failure } from './failure.ts';
import type { Outcome } from './outcome.ts';

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

export interface DataApi {
  /** Reads a person's text and keeps it at hand for the next two; nothing is sent. */
  readData(files: readonly LocalFile[], split: SplitSettings): Promise<Outcome<DataReport>>;
  /** Some rows of the text that was read last; none of an earlier one. */
  dataPage(wish: DataPageWish): Promise<Outcome<DataPage>>;
  /** @param onProgress examples done; first with 0, once the tokenizer is there @returns null where another text was read meanwhile */
  countTokens(wish: TokenWish, onProgress: (done: number) => void): Promise<Outcome<TokenReport | null>>;
}
