import { CodedError } from '../coded-error.ts';

export type WeightsErrorCode =
  | 'weights-missing-file'
  | 'weights-unreadable'
  | 'weights-unreachable'
  | 'weights-damaged'
  | 'weights-storage-full'
  | 'weights-truncated'
  | 'weights-invalid-header'
  | 'weights-unsupported-dtype'
  | 'weights-missing-tensor'
  | 'weights-wrong-shape';

/** A weight file cannot be used; the message names the file and the thing in it. */
export class WeightsError extends CodedError<WeightsErrorCode> {
  override readonly name = 'WeightsError';
}
