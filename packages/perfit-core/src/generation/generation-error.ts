import { CodedError } from '../coded-error.ts';

export type GenerationErrorCode = 'chat-context-full' | 'chat-not-finite' | 'chat-nothing-asked';

/** A reply that cannot be given. The message is a sentence for a person; `data` has its numbers. */
export class GenerationError extends CodedError<GenerationErrorCode> {
  override readonly name = 'GenerationError';
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: GenerationErrorCode, message: string, data: Readonly<Record<string, unknown>> = {}) {
    super(code, message);
    this.data = data;
  }
}
