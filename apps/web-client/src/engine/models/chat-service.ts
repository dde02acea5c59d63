import type { ChatEnd, ChatPiece as CorePiece } from '@perfit/core';
import type {
  ChatApi,
  ChatAsked,
  ChatMessage,
  ChatOptions,
  ChatPiece,
  ChatReplies,
  ChatReply,
  ChatWhich,
} from '../../contract/chat-api.ts';
import { outcomeOf, whenDone } from '../failures.ts';
import { type ModelHost, originOf } from './model-host.ts';

const WHICH: readonly ChatWhich[] = ['base', 'personal'];

interface DeskOptions {
  readonly modelHost: ModelHost;
  /** Whether the memory is wanted for more than talking. */
  readonly isTuning: () => boolean;
}

interface Turn {
  readonly which: ChatWhich;
  readonly messages: readonly ChatMessage[];
  readonly options: ChatOptions;
}

/** Talking to the base model and the personal one. See {@link ChatApi}. */
export class ChatService {
  readonly #options: DeskOptions;
  #talking: AbortController | null = null;
  /** Of the last call: a conversation has one reply at a time. */
  #ended: Promise<unknown> = Promise.resolve();

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** @throws GenerationError, ChatTemplateError, FailureError `not-ready` */
  async chat(asked: ChatAsked, onPiece: (piece: ChatPiece) => void): Promise<ChatReplies> {
    this.stop();
    const mine = new AbortController();
    this.#talking = mine;
    const talking = this.#ended.then(() => this.#chat(asked, onPiece, mine.signal));
    this.#ended = talking.catch(() => {});
    try {
      return await talking;
    } finally {
      if (this.#talking === mine) this.#talking = null;
      if (this.#options.isTuning()) this.#forget();
    }
  }

  stop(): void {
    this.#talking?.abort();
  }

  /** Nobody reads on: what was kept for the next reply is freed. */
  async close(): Promise<void> {
    this.stop();
    await this.#ended;
    this.#forget();
  }

  #forget(): void {
    if (!this.#talking) this.#options.modelHost.endConversations();
  }

  /**
   * A reply of each model that is asked. They take turns token by token: one device computes both, and both can be read as
   * they grow. @param signal stops them; the text so far stands
   */
  async #chat(
    { conversations, options }: ChatAsked,
    onPiece: (piece: ChatPiece) => void,
    signal: AbortSignal,
  ): Promise<ChatReplies> {
    const speakers = WHICH.flatMap((which) => {
      const messages = conversations[which];
      return messages ? [this.#speaker({ which, messages, options: options[which] ?? {} })] : [];
    });
    try {
      let speaking = speakers;
      while (speaking.length > 0) {
        for (const speaker of speaking) {
          if (signal.aborted) speaker.stop();
          else await speaker.goOn(onPiece);
        }
        speaking = speaking.filter(({ reply }) => reply() === null);
      }
    } finally {
      for (const speaker of speakers) await speaker.end();
    }
    return Object.fromEntries(speakers.map(({ which, reply }) => [which, reply()]));
  }

  #speaker({ which, messages, options }: Turn) {
    const { conversation, module } = this.#options.modelHost.conversation(which);
    const pieces: AsyncGenerator<CorePiece, ChatEnd> = conversation.reply(messages, options);
    let said = { text: '', tokens: 0, seconds: 0 };
    let reply: ChatReply | null = null;
    const end = (reason: ChatReply['reason'], forgotten: number) => {
      reply = { ...said, reason, forgotten, module: module && originOf(module) };
    };
    return {
      which,
      reply: () => reply,
      stop: () => end('stopped', 0),
      goOn: async (onPiece: (piece: ChatPiece) => void) => {
        const from = performance.now();
        const next = await pieces.next();
        // Of this model's own turns only: what it would take alone.
        const seconds = said.seconds + (performance.now() - from) / 1000;
        if (next.done) {
          said = { ...said, seconds };
          end(next.value.reason, next.value.forgotten);
          return;
        }
        said = { text: said.text + next.value.text, tokens: said.tokens + 1, seconds };
        onPiece({ which, text: next.value.text, tokens: said.tokens, seconds });
      },
      end: async () => {
        await pieces.return(undefined as never);
      },
    };
  }
}

export function chatApi(service: ChatService): ChatApi {
  return {
    chat: (asked, onPiece) => outcomeOf(() => service.chat(asked, onPiece)),
    stopChat: () => whenDone(() => service.stop()),
    closeChat: () => whenDone(() => service.close()),
  };
}
