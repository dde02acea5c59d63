import type { ChatFormat } from '../text/chat-template.ts';
import type { ChatMessage } from '../text/example.ts';
import { encodePrompt } from '../text/examples.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import { GenerationError } from './generation-error.ts';

interface Layout {
  readonly tokenizer: Tokenizer;
  readonly format: ChatFormat;
  readonly contextLength: number;
}

/** A conversation is shortened until at least this part of the context is left for the reply (or `maxTokens`, if less). */
const REPLY_SHARE = 1 / 4;

/**
 * What is kept of the context when something has to be forgotten. If only as much went as has to, every further reply would
 * move what is kept, and read all of it again.
 */
const KEPT_SHARE = 1 / 2;

/** The part of a growing conversation that a model is shown. */
export class PromptWindow {
  readonly #layout: Layout;
  /** What was shown last, and the exchange that it began with. */
  #shown: { readonly messages: readonly ChatMessage[]; readonly forgotten: number } = { messages: [], forgotten: 0 };

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /**
   * The ids of the most recent part that leaves room for a reply.
   * @param maxTokens the longest reply   @throws GenerationError `chat-context-full`, `chat-nothing-asked`
   */
  fit(messages: readonly ChatMessage[], maxTokens: number): { promptIds: number[]; forgotten: number } {
    if (messages.length === 0) throw new GenerationError('chat-nothing-asked', 'There is no message to answer.');
    const { contextLength } = this.#layout;
    const reserve = Math.max(1, Math.min(maxTokens, Math.floor(contextLength * REPLY_SHARE)));
    let most = contextLength - reserve;
    let recent = goesOn(this.#shown.messages, messages) ? withoutOldest(messages, this.#shown.forgotten) : messages;
    for (;;) {
      const promptIds = this.#encode(recent);
      const shorter = promptIds.length > most ? withoutOldestExchange(recent) : null;
      if (shorter === null) {
        if (promptIds.length > contextLength - reserve) throw tooLong(promptIds.length, { contextLength, reserve });
        this.#shown = { messages, forgotten: messages.length - recent.length };
        return { promptIds, forgotten: this.#shown.forgotten };
      }
      most = Math.min(most, Math.floor(contextLength * KEPT_SHARE));
      recent = shorter;
    }
  }

  #encode(messages: readonly ChatMessage[]): number[] {
    const { tokenizer, format } = this.#layout;
    const ids = encodePrompt(messages, tokenizer, format);
    if (ids.length === 0) throw new GenerationError('chat-nothing-asked', 'There is no text to answer.');
    return ids;
  }
}

function tooLong(promptTokens: number, has: { contextLength: number; reserve: number }): GenerationError {
  return new GenerationError(
    'chat-context-full',
    `The message takes ${promptTokens} tokens; this model reads at most ${has.contextLength}, the reply included. Shorten it.`,
    { promptTokens, ...has },
  );
}

/** Whether a conversation begins with all that was there earlier. */
function goesOn(earlier: readonly ChatMessage[], messages: readonly ChatMessage[]): boolean {
  return earlier.every(({ role, content }, i) => messages[i]?.role === role && messages[i].content === content);
}

/** `null` where nothing but the system message and the last exchange is left. */
function withoutOldestExchange(messages: readonly ChatMessage[]): readonly ChatMessage[] | null {
  const turns = messages.filter(({ role }) => role !== 'system');
  const nextQuestion = turns.findIndex(({ role }, i) => i > 0 && role === 'user');
  return nextQuestion < 0 ? null : withoutOldest(messages, nextQuestion);
}

/** Without the first `count` messages that are not the system's. */
function withoutOldest(messages: readonly ChatMessage[], count: number): readonly ChatMessage[] {
  let left = count;
  return messages.filter(({ role }) => role === 'system' || left-- <= 0);
}
