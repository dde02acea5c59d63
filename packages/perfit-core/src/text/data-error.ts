import { DetailedError } from '../coded-error.ts';

export type DataErrorCode =
  | 'data-empty'
  | 'data-too-large'
  | 'data-unreadable'
  | 'data-not-text'
  | 'data-no-examples'
  | 'data-too-few';

/** A person's file that cannot be tuned on. The message is a sentence for them; `data` has its numbers. */
export class DataError extends DetailedError<DataErrorCode> {
  override readonly name = 'DataError';
}
