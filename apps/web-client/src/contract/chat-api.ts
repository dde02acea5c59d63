/** What the page may ask of the worker about talking to the models. Types only, as in engine-api.ts. */

import type { Outcome } from './outcome.ts';
import type { ModuleOrigin } from './session/session-state.ts';

export type ChatWhich = 'base' | 'personal';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** As `perfit-core` has them; what is absent is as there. */
export interface ChatOptions {
  /** The answer ends after so many tokens. */
  readonly maxTokens?: number;
  /** 0 takes the likeliest token each time. */
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly seed?: number;
  /** The answer ends before any of these. */
  readonly stop?: readonly string[];
}

/** Whoever has a conversation here answers its last message. */
export interface ChatAsked {
  readonly conversations: Readonly<Partial<Record<ChatWhich, readonly ChatMessage[]>>>;
  readonly options: Readonly<Partial<Record<ChatWhich, ChatOptions>>>;
}

/** What an answer grows by, and how far it is. */
export interface ChatPiece {
  readonly which: ChatWhich;
  readonly text: string;
  readonly tokens: number;
  /** Of computing for this answer, the reading of the question included. */
  readonly seconds: number;
}

export interface ChatReply {
  readonly text: string;
  readonly tokens: number;
  readonly seconds: number;
  /** The model ended it, `maxTokens` did, the context is full, or somebody stopped it. */
  readonly reason: 'ended' | 'length' | 'context' | 'stopped';
  /** Oldest messages that the model did not see, because its context would not hold them. */
  readonly forgotten: number;
  /** [PF9] Which personal module spoke; null for the base model. */
  readonly module: ModuleOrigin | null;
}

export type ChatReplies = Readonly<Partial<Record<ChatWhich, ChatReply>>>;

export interface ChatApi {
  /** One answer of each model that is asked; they take turns token by token. A chat that runs is stopped. */
  chat(asked: ChatAsked, onPiece: (piece: ChatPiece) => void): Promise<Outcome<ChatReplies>>;
  /** Ends the chat that runs; its texts so far stand. */
  stopChat(): Promise<Outcome<null>>;
  /** The same, and nothing is kept for a next answer. */
  closeChat(): Promise<Outcome<null>>;
}
