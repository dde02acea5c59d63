import type { ErrorBody } from '@perfit/protocol';

/** The codes that the web client adds to the protocol's. */
export type FailureCode =
  | ErrorBody['code']
  /** The person's text cannot be used as it is. */
  | `data-${string}`
  /** This device cannot do the work, or no longer. */
  | `device-${string}`
  /** The base model cannot be fetched or read. */
  | `model-${string}`
  | `weights-${string}`
  | `tokenizer-${string}`
  | `adapter-${string}`
  | `training-${string}`
  | `chat-${string}`
  /** The tuned model cannot be written in the form that was asked for. */
  | `export-${string}`
  | 'connection-lost'
  | 'coordinator-unreachable'
  /** The same identity is at work in another tab of this browser. */
  | 'other-tab'
  | 'storage-unavailable'
  /** What the browser kept was deleted while it was in use. */
  | 'storage-cleared'
  | 'not-ready'
  | 'unexpected';

/** An error as plain data: it crosses from the worker to the page, where exceptions would lose their code. */
export interface Failure {
  readonly code: FailureCode;
  /** A sentence for a person. */
  readonly message: string;
  readonly data?: ErrorBody['data'];
}

/** A failure for code that throws. */
export class FailureError extends Error {
  override readonly name = 'FailureError';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** What to show of anything that was thrown. */
export function failureOf(error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  return { code: 'unexpected', message: error instanceof Error ? error.message : String(error) };
}
