import type { ChatAsked, ChatMessage, ChatPiece, ChatReply, ChatWhich } from '../../contract/chat-api.ts';
import { type ChatSettings, optionsOf } from './chat-settings.ts';

/** An answer as far as it has come. */
export interface Answer {
  readonly text: string;
  readonly tokens: number;
  readonly seconds: number;
  /** Null while it grows, and where it broke off. */
  readonly reply: ChatReply | null;
}

type Answers = Readonly<Partial<Record<ChatWhich, Answer>>>;

/** A message and what the models that were asked said to it. */
export interface Exchange {
  readonly question: string;
  /** What the person's text answers, where the question is one of its held-out ones. */
  readonly expected: string | null;
  readonly asked: readonly ChatWhich[];
  /** Whether there was a personal model to ask. */
  readonly hadPersonal: boolean;
  readonly answers: Answers;
  /** Asked so many times before: each time is another throw of the dice. */
  readonly attempt: number;
}

const nothingYet: Answer = { text: '', tokens: 0, seconds: 0, reply: null };

/** What the worker is asked for the last exchange; each model hears its own earlier answers. */
export function askedOf(exchanges: readonly Exchange[], settings: ChatSettings): ChatAsked {
  const last = exchanges.at(-1) as Exchange;
  const entries = last.asked.map((which) => [which, messagesOf(exchanges, which, settings.system)] as const);
  const options = last.asked.map((which) => [which, optionsOf(settings, which, last.attempt)] as const);
  return { conversations: Object.fromEntries(entries), options: Object.fromEntries(options) };
}

function messagesOf(exchanges: readonly Exchange[], which: ChatWhich, system: string): ChatMessage[] {
  const earlier = exchanges.slice(0, -1).flatMap(({ question, answers }): ChatMessage[] => {
    const text = answers[which]?.text;
    // What it was not asked, or had no words for, it does not remember.
    if (!text) return [];
    return [
      { role: 'user', content: question },
      { role: 'assistant', content: text },
    ];
  });
  const opening: ChatMessage[] = system.trim() ? [{ role: 'system', content: system.trim() }] : [];
  return [...opening, ...earlier, { role: 'user', content: exchanges.at(-1)?.question ?? '' }];
}

/** A piece belongs to the last exchange; one that comes after the whole answer is in it already. */
export function withPiece(exchanges: readonly Exchange[], { which, text, tokens, seconds }: ChatPiece): Exchange[] {
  return withLast(exchanges, (last) => {
    const before = last.answers[which] ?? nothingYet;
    if (before.reply) return last;
    const answer = { ...before, text: before.text + text, tokens, seconds };
    return { ...last, answers: { ...last.answers, [which]: answer } };
  });
}

export function withReplies(
  exchanges: readonly Exchange[],
  replies: Readonly<Partial<Record<ChatWhich, ChatReply>>>,
): Exchange[] {
  return withLast(exchanges, (last) => {
    const answers = Object.entries(replies).map(([which, reply]) => {
      const { text, tokens, seconds } = reply;
      return [which, { text, tokens, seconds, reply }];
    });
    return { ...last, answers: Object.fromEntries(answers) };
  });
}

/** The last question once more, with another throw of the dice. */
export function askedAgain(exchanges: readonly Exchange[], to: Pick<Exchange, 'asked' | 'hadPersonal'>): Exchange[] {
  return withLast(exchanges, (last) => ({ ...last, ...to, answers: {}, attempt: last.attempt + 1 }));
}

function withLast(exchanges: readonly Exchange[], change: (last: Exchange) => Exchange): Exchange[] {
  return exchanges.map((exchange, i) => (i === exchanges.length - 1 ? change(exchange) : exchange));
}
