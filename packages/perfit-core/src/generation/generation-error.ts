export type GenerationErrorCode = 'context-full' | 'not-finite' | 'nothing-asked';

/** A reply that cannot be given. The message is a sentence for a person; `data` has its numbers. */
export class GenerationError extends Error {
  override readonly name = 'GenerationError';
  readonly code: GenerationErrorCode;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: GenerationErrorCode, message: string, data: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.data = data;
  }
}
