export type ParityErrorCode = 'invalid-fixture' | 'missing-tensor' | 'other-model';

/** A parity fixture cannot be used. */
export class ParityError extends Error {
  readonly code: ParityErrorCode;

  constructor(code: ParityErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ParityError';
    this.code = code;
  }
}
