export type DataErrorCode = 'data-empty' | 'data-too-large' | 'data-not-text' | 'data-no-examples' | 'data-too-few';

/** A person's file that cannot be tuned on. The message is a sentence for them; `data` has its numbers. */
export class DataError extends Error {
  override readonly name = 'DataError';
  readonly code: DataErrorCode;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: DataErrorCode, message: string, data: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.data = data;
  }
}
