import { CodedError } from '../coded-error.ts';

export type ParityErrorCode = 'parity-invalid-fixture' | 'parity-missing-tensor' | 'parity-other-model';

/** A parity fixture cannot be used. */
export class ParityError extends CodedError<ParityErrorCode> {
  override readonly name = 'ParityError';
}
