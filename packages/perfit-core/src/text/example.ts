export type Role = 'system' | 'user' | 'assistant';

export interface ChatMessage {
  readonly role: Role;
  readonly content: string;
}

/** An instruction, perhaps with text that it is about, and the response that is wanted. */
export interface InstructionExample {
  readonly instruction: string;
  readonly context?: string;
  readonly response: string;
}

/** A conversation; every turn of the assistant is a response. */
export interface ConversationExample {
  readonly messages: readonly ChatMessage[];
}

/** Text to be continued, without a prompt: all of it is response. */
export interface ContinuationExample {
  readonly text: string;
}

/** One piece of a person's text to tune on. */
export type Example = InstructionExample | ConversationExample | ContinuationExample;
