import { CodedError } from '../coded-error.ts';

export type ModelErrorCode = 'model-invalid-config' | 'model-unsupported-architecture' | 'model-unsupported-field';

/** A model's config.json cannot be used; the message names the field. */
export class ModelError extends CodedError<ModelErrorCode> {
  override readonly name = 'ModelError';
}
