import type { Conversation } from '../generation/conversation.ts';
import { GenerationError } from '../generation/generation-error.ts';
import { ChatTemplateError } from '../text/chat-template.ts';
import { isExactMatch } from './exact-match.ts';
import type { Question } from './question.ts';
import { rougeL } from './rouge-l.ts';

/** What a model said, held against what it was to say. Plain data. */
export interface GivenAnswer {
  readonly text: string;
  readonly tokens: number;
  /** The most tokens were reached before its end. */
  readonly isCut: boolean;
  /** 0 to 1; see {@link rougeL}. */
  readonly rougeL: number;
  readonly isExact: boolean;
}

export interface AnswerOptions {
  /** The answer ends after so many tokens. */
  readonly maxTokens: number;
  readonly signal?: AbortSignal;
}

/**
 * A model's answer to a held-out question, greedily: the likeliest token each time, nothing made less likely, so that the
 * same model answers the same again.
 * @param conversation of the model; it stays the caller's
 * @returns null where the model cannot be asked this: its context is too short, or its template does not take it
 * @throws GenerationError `chat-not-finite`   @throws the signal's reason, between two tokens
 */
export async function answerQuestion(
  conversation: Conversation,
  { messages, expected }: Question,
  { maxTokens, signal }: AnswerOptions,
): Promise<GivenAnswer | null> {
  const reply = conversation.reply(messages, { temperature: 0, repetitionPenalty: 1, maxTokens }, signal);
  let text = '';
  try {
    for (;;) {
      const next = await reply.next();
      if (next.done) {
        const { tokens, reason } = next.value;
        const scores = { rougeL: rougeL(text, expected), isExact: isExactMatch(text, expected) };
        return { text, tokens, isCut: reason !== 'ended', ...scores };
      }
      text += next.value.text;
    }
  } catch (error) {
    const isUnaskable = error instanceof GenerationError && error.code !== 'chat-not-finite';
    if (isUnaskable || error instanceof ChatTemplateError) return null;
    throw error;
  }
}
