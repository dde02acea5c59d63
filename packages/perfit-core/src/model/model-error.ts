import { CodedError } from '../coded-error.ts';

export type ModelErrorCode =
  | 'model-invalid-config'
  | 'model-unsupported-architecture'
  | 'model-unsupported-field'
  | 'model-too-large';

/** A model cannot be used: its config.json, and the message names the field, or its size. */
export class ModelError extends CodedError<ModelErrorCode> {
  override readonly name = 'ModelError';
}
