import {
  type AdapterTensors,
  type ChatEnd,
  type ChatMessage,
  type ChatOptions,
  Conversation,
  type LanguageModel,
  type Tokenizer,
} from '@perfit/core';

/** Who answers. */
export interface Voice {
  readonly name: 'base' | 'tuned';
  readonly adapter: AdapterTensors | null;
}

/** One reply, as far as it came. */
export interface Reply {
  readonly text: string;
  readonly tokens: number;
  readonly seconds: number;
  /** Null where it was stopped. */
  readonly end: ChatEnd | null;
}

export interface ReplyHooks {
  readonly onText: (text: string) => void;
  /** Stops the reply; the text so far stands. */
  readonly signal: AbortSignal;
}

interface TalkOptions {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly voices: readonly Voice[];
  /** Said to the model before the conversation. */
  readonly system: string | null;
  readonly options: ChatOptions;
}

interface Exchange {
  readonly question: string;
  readonly answers: Map<Voice['name'], string>;
}

/** A conversation with one model, or with two of the same weights; each hears its own earlier answers. */
export class Talk {
  readonly #options: TalkOptions;
  readonly #conversations: ReadonlyMap<Voice, Conversation>;
  #exchanges: Exchange[] = [];
  /** Another throw of the dice each time that the last question is asked again. */
  #attempt = 0;

  /** @throws ChatTemplateError */
  constructor(options: TalkOptions) {
    const { model, tokenizer, voices } = options;
    this.#options = options;
    this.#conversations = new Map(
      voices.map((voice) => [voice, new Conversation({ model, tokenizer, adapter: voice.adapter })]),
    );
  }

  get voices(): readonly Voice[] {
    return this.#options.voices;
  }

  ask(question: string): void {
    this.#attempt = 0;
    this.#exchanges.push({ question, answers: new Map() });
  }

  /** @returns whether there was something to ask again */
  askAgain(): boolean {
    this.#attempt++;
    this.#exchanges.at(-1)?.answers.clear();
    return this.#exchanges.length > 0;
  }

  /** Begins anew. */
  clear(): void {
    this.#exchanges = [];
  }

  /** What one of the voices says to the last question. @throws GenerationError, ChatTemplateError */
  async reply(voice: Voice, { onText, signal }: ReplyHooks): Promise<Reply> {
    const { options } = this.#options;
    const conversation = this.#conversations.get(voice) as Conversation;
    const began = performance.now();
    const pieces = conversation.reply(this.#heardBy(voice), { ...options, seed: (options.seed ?? 0) + this.#attempt });
    let text = '';
    let tokens = 0;
    let end: ChatEnd | null = null;
    try {
      while (!end && !signal.aborted) {
        const next = await pieces.next();
        if (next.done) end = next.value;
        else {
          text += next.value.text;
          tokens++;
          onText(next.value.text);
        }
      }
    } finally {
      await pieces.return(undefined as never);
    }
    this.#exchanges.at(-1)?.answers.set(voice.name, text);
    return { text, tokens, seconds: (performance.now() - began) / 1000, end };
  }

  /** A question that was refused is not heard again. */
  takeBack(): void {
    this.#exchanges.pop();
  }

  #heardBy({ name }: Voice): ChatMessage[] {
    const { system } = this.#options;
    const earlier = this.#exchanges.slice(0, -1).flatMap(({ question, answers }): ChatMessage[] => {
      const text = answers.get(name);
      // What it had no words for, it does not remember.
      if (!text) return [];
      return [
        { role: 'user', content: question },
        { role: 'assistant', content: text },
      ];
    });
    const opening: ChatMessage[] = system ? [{ role: 'system', content: system }] : [];
    return [...opening, ...earlier, { role: 'user', content: this.#exchanges.at(-1)?.question ?? '' }];
  }

  dispose(): void {
    for (const conversation of this.#conversations.values()) conversation.dispose();
  }
}
