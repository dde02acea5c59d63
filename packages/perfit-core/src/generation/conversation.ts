import { seededRandom } from '@perfit/protocol/space';
import type * as tf from '@tensorflow/tfjs-core';
import type { AdapterTensors } from '../model/adapter-tensors.ts';
import type { KvCache, LanguageModel } from '../model/language-model.ts';
import { bucketLength } from '../text/batches.ts';
import { ChatFormat } from '../text/chat-template.ts';
import type { ChatMessage } from '../text/example.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import { yieldToEventLoop } from '../training/event-loop.ts';
import { GenerationError } from './generation-error.ts';
import { PromptWindow } from './prompt-window.ts';
import { drawToken, penalizeRepetition, type SamplingOptions, tokenDistribution } from './sampling.ts';
import { StopTexts } from './stop-texts.ts';

export interface Speaker {
  /** Model and adapter stay the caller's; `null` is the base model. */
  readonly model: LanguageModel;
  readonly adapter: AdapterTensors | null;
  readonly tokenizer: Tokenizer;
  /** By default the tokenizer's. */
  readonly format?: ChatFormat;
}

export interface ChatOptions extends Partial<SamplingOptions> {
  /** The reply ends after so many tokens. */
  readonly maxTokens?: number;
  /** 1 is none. Tokens of the prompt and the reply count; special ones are spared, else a reply could not end. */
  readonly repetitionPenalty?: number;
  readonly seed?: number;
  /** The reply ends before any of these; where the model's layout has no token that ends a reply, before the next turn as well. */
  readonly stop?: readonly string[];
}

/** Where nobody says it. */
export const defaultChatOptions: Required<ChatOptions> = {
  temperature: 0.7,
  topK: 50,
  topP: 0.9,
  minP: 0,
  maxTokens: 256,
  repetitionPenalty: 1.1,
  seed: 0,
  stop: [],
};

export interface ChatPiece {
  /** What this token completes; empty in the middle of a character, or of what may become a stop text. */
  readonly text: string;
  readonly token: number;
}

export interface ChatEnd {
  /** The model ended its reply, or came to a stop text; it reached `maxTokens`; or the context is full. */
  readonly reason: 'ended' | 'length' | 'context';
  readonly tokens: number;
  readonly promptTokens: number;
  /** Those of the prompt that were read for this reply; the others were held since an earlier one. */
  readonly readTokens: number;
  /** Oldest messages that the model did not see, because the context would not hold them. */
  readonly forgotten: number;
}

/**
 * What one model, with or without an adapter, reads and says. Keys and values of what it has read stay on the device
 * between replies, so that the next one reads only what is new. One reply at a time.
 */
export class Conversation {
  readonly #speaker: Speaker;
  readonly #endIds: ReadonlySet<number>;
  readonly #spared: ReadonlySet<number>;
  readonly #borders: readonly string[];
  readonly #window: PromptWindow;
  /** Keys and values of {@link Conversation.#held}. */
  #cache: KvCache | null = null;
  #held: number[] = [];
  #isBusy = false;

  /** @throws ChatTemplateError where the model's template is no Jinja */
  constructor(speaker: Speaker) {
    const { model, tokenizer, format = new ChatFormat(tokenizer) } = speaker;
    this.#speaker = speaker;
    const closing = format.closingToken();
    const closingId = closing === null ? null : tokenizer.idOf(closing);
    this.#endIds = new Set([...tokenizer.endIds, ...(closingId === null ? [] : [closingId])]);
    this.#spared = new Set([...tokenizer.specialIds, ...this.#endIds]);
    this.#borders = closing === null ? format.turnBorders() : [];
    this.#window = new PromptWindow({ tokenizer, format, contextLength: model.config.contextLength });
  }

  /**
   * The assistant's reply to the last message, token by token. Where a conversation outgrows the context, its oldest
   * exchanges are forgotten, the system message excepted.
   * @param messages all of them; what they have in common with the earlier ones, tokens compared, is not read again
   * @throws GenerationError `chat-context-full` where the last message alone is too long, `chat-not-finite`
   * @throws ChatTemplateError where the model's template refuses the messages   @throws the signal's reason
   */
  async *reply(
    messages: readonly ChatMessage[],
    options: ChatOptions = {},
    signal?: AbortSignal,
  ): AsyncGenerator<ChatPiece, ChatEnd> {
    if (this.#isBusy) throw new Error('this conversation is in the middle of a reply');
    this.#isBusy = true;
    try {
      return yield* this.#reply(messages, { ...defaultChatOptions, ...options }, signal);
    } finally {
      this.#isBusy = false;
    }
  }

  async *#reply(
    messages: readonly ChatMessage[],
    settings: Required<ChatOptions>,
    signal?: AbortSignal,
  ): AsyncGenerator<ChatPiece, ChatEnd> {
    const { contextLength } = this.#speaker.model.config;
    const { promptIds, forgotten } = this.#window.fit(messages, settings.maxTokens);
    const room = Math.min(settings.maxTokens, contextLength - promptIds.length);
    const random = seededRandom(settings.seed);
    const stream = this.#speaker.tokenizer.stream();
    const stops = new StopTexts([...settings.stop, ...this.#borders]);
    const ids = [...promptIds];
    const cache = this.#prepare(promptIds, bucketLength(promptIds.length + room, contextLength));
    let next = promptIds.slice(cache.length);
    const readTokens = next.length;
    const end = (reason: ChatEnd['reason']): ChatEnd => ({
      reason,
      tokens: ids.length - promptIds.length,
      promptTokens: promptIds.length,
      readTokens,
      forgotten,
    });

    for (let count = 1; count <= room; count++) {
      signal?.throwIfAborted();
      const logits = await this.#read(cache, next);
      const penalized = penalizeRepetition(logits, ids, settings.repetitionPenalty, this.#spared);
      const token = drawToken(tokenDistribution(penalized, settings), random);
      if (this.#endIds.has(token)) {
        const last = stops.push(stream.flush());
        const text = last.ended ? last.text : last.text + stops.flush();
        if (text !== '') yield { text, token };
        return end('ended');
      }
      ids.push(token);
      const isLast = count === room;
      const said = stops.push(stream.push(token) + (isLast ? stream.flush() : ''));
      yield { text: isLast && !said.ended ? said.text + stops.flush() : said.text, token };
      if (said.ended) return end('ended');
      next = [token];
      await yieldToEventLoop();
    }
    return end(room < settings.maxTokens ? 'context' : 'length');
  }

  /** The cache with what it holds of a prompt; the last token is read in any case, for what follows it. */
  #prepare(promptIds: readonly number[], capacity: number): KvCache {
    this.#cache ??= this.#speaker.model.createCache(capacity);
    const kept = Math.min(sharedPrefix(this.#held, promptIds), promptIds.length - 1);
    this.#held.length = kept;
    return this.#orForget(this.#cache, (cache) => {
      cache.truncate(kept);
      if (cache.capacity < capacity) cache.grow(capacity);
      return cache;
    });
  }

  /** Reads tokens into the cache. @returns the logits of the one that follows, [V] on the host */
  async #read(cache: KvCache, ids: readonly number[]): Promise<Float32Array> {
    const { model, adapter } = this.#speaker;
    const tensor = this.#orForget(cache, () => model.nextLogits(adapter, ids, cache));
    this.#held.push(...ids);
    return await onHost(tensor);
  }

  /** A cache that something failed on may hold half of a token: all is read again then. */
  #orForget<Result>(cache: KvCache, use: (cache: KvCache) => Result): Result {
    try {
      return use(cache);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Forgets what was read, and frees it; a later reply reads its messages anew. Model and adapter stay. */
  dispose(): void {
    this.#cache?.dispose();
    this.#cache = null;
    this.#held = [];
  }
}

function sharedPrefix(held: readonly number[], ids: readonly number[]): number {
  const most = Math.min(held.length, ids.length);
  let length = 0;
  while (length < most && held[length] === ids[length]) length++;
  return length;
}

async function onHost(tensor: tf.Tensor1D): Promise<Float32Array> {
  try {
    const logits = (await tensor.data()) as Float32Array;
    if (logits.some((logit) => Number.isNaN(logit))) {
      throw new GenerationError(
        'chat-not-finite',
        'The model computed something that is not a number; its adapter may be broken.',
      );
    }
    return logits;
  } finally {
    tensor.dispose();
  }
}
