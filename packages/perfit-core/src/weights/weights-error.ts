import { CodedError } from '../coded-error.ts';

export type WeightsErrorCode =
  | 'weights-missing-file'
  | 'weights-unreadable'
  | 'weights-unreachable'
  | 'weights-damaged'
  | 'weights-storage-full'
  | 'weights-truncated'
  | 'weights-lfs-pointer'
  | 'weights-not-finite'
  | 'weights-invalid-header'
  | 'weights-unsupported-dtype'
  | 'weights-unsupported-architecture'
  | 'weights-unsupported-tokenizer'
  | 'weights-missing-tensor'
  | 'weights-wrong-shape'
  | 'weights-no-safetensors'
  | 'weights-ambiguous-folder'
  | 'weights-invalid-manifest'
  | 'weights-changed'
  | 'weights-unknown-repository'
  | 'weights-unknown-revision'
  | 'weights-gated'
  | 'weights-token-refused';

/** A weight file cannot be used; the message names the file and the thing in it. */
export class WeightsError extends CodedError<WeightsErrorCode> {
  override readonly name = 'WeightsError';
}
