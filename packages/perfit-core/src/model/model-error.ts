export type ModelErrorCode = 'invalid-config' | 'unsupported-architecture' | 'unsupported-field';

/** A model's config.json cannot be used; the message names the field. */
export class ModelError extends Error {
  readonly code: ModelErrorCode;

  constructor(code: ModelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ModelError';
    this.code = code;
  }
}
