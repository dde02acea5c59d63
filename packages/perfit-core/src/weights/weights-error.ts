export type WeightsErrorCode =
  | 'missing-file'
  | 'unreadable'
  | 'truncated'
  | 'invalid-header'
  | 'unsupported-dtype'
  | 'missing-tensor'
  | 'wrong-shape';

/** A weight file cannot be used; the message names the file and the thing in it. */
export class WeightsError extends Error {
  readonly code: WeightsErrorCode;

  constructor(code: WeightsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WeightsError';
    this.code = code;
  }
}
