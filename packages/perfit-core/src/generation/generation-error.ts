import { DetailedError } from '../coded-error.ts';

export type GenerationErrorCode = 'chat-context-full' | 'chat-not-finite' | 'chat-nothing-asked';

/** A reply that cannot be given. The message is a sentence for a person; `data` has its numbers. */
export class GenerationError extends DetailedError<GenerationErrorCode> {
  override readonly name = 'GenerationError';
}
