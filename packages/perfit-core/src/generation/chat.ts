import { seededRandom } from '@perfit/protocol/space';
import type * as tf from '@tensorflow/tfjs-core';
import type { AdapterTensors } from '../model/adapter-tensors.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { bucketLength } from '../text/batches.ts';
import { ChatFormat } from '../text/chat-template.ts';
import type { ChatMessage } from '../text/example.ts';
import { encodePrompt } from '../text/examples.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import { breathe } from '../training/event-loop.ts';
import { GenerationError } from './generation-error.ts';
import { drawToken, penalizeRepetition, type SamplingOptions, tokenDistribution } from './sampling.ts';

export interface ChatRequest {
  /** Model and adapter stay the caller's; `null` is the base model. */
  readonly model: LanguageModel;
  readonly adapter: AdapterTensors | null;
  readonly tokenizer: Tokenizer;
  /** The last one is the user's. */
  readonly messages: readonly ChatMessage[];
  /** By default the tokenizer's. */
  readonly format?: ChatFormat;
}

export interface ChatOptions extends Partial<SamplingOptions> {
  /** The reply ends after so many tokens. */
  readonly maxTokens?: number;
  /** 1 is none. Tokens of the prompt and the reply count; special ones are spared, else a reply could not end. */
  readonly repetitionPenalty?: number;
  readonly seed?: number;
}

const DEFAULT_CHAT_OPTIONS: Required<ChatOptions> = {
  temperature: 0.7,
  topK: 50,
  topP: 0.9,
  minP: 0,
  maxTokens: 256,
  repetitionPenalty: 1.1,
  seed: 0,
};

export interface ChatPiece {
  /** What this token completes; empty in the middle of a character. */
  readonly text: string;
  readonly token: number;
}

export interface ChatEnd {
  /** The model ended its reply; it reached `maxTokens`; or the context is full. */
  readonly reason: 'ended' | 'length' | 'context';
  readonly tokens: number;
  readonly promptTokens: number;
  /** Oldest messages that the model did not see, because the context would not hold them. */
  readonly forgotten: number;
}

/** A conversation is shortened until at least this part of the context is left for the reply (or `maxTokens`, if less). */
const REPLY_SHARE = 1 / 4;

/**
 * The assistant's reply, token by token. Where a conversation outgrows the context, its oldest exchanges are forgotten,
 * the system message excepted. Every tensor that it makes is freed, also where the consumer stops early.
 * @throws GenerationError `chat-context-full` where the last message alone is too long
 * @throws ChatTemplateError where the model's template refuses the messages   @throws the signal's reason
 */
export async function* chat(
  request: ChatRequest,
  options: ChatOptions = {},
  signal?: AbortSignal,
): AsyncGenerator<ChatPiece, ChatEnd> {
  const { model, adapter, tokenizer, format = new ChatFormat(tokenizer) } = request;
  const settings = { ...DEFAULT_CHAT_OPTIONS, ...options };
  const { contextLength } = model.config;
  const { promptIds, forgotten } = fitPrompt({ ...request, format }, settings.maxTokens);
  const room = Math.min(settings.maxTokens, contextLength - promptIds.length);
  const endIds = endIdsOf(tokenizer, format);
  const spared = new Set([...tokenizer.specialIds, ...endIds]);
  const random = seededRandom(settings.seed);
  const stream = tokenizer.stream();
  const ids = [...promptIds];
  const end = (reason: ChatEnd['reason']): ChatEnd => ({
    reason,
    tokens: ids.length - promptIds.length,
    promptTokens: promptIds.length,
    forgotten,
  });

  const cache = model.createCache(bucketLength(promptIds.length + room, contextLength));
  try {
    let next: readonly number[] = promptIds;
    for (let count = 1; count <= room; count++) {
      signal?.throwIfAborted();
      const logits = await readLogits(() => model.nextLogits(adapter, next, cache));
      const penalized = penalizeRepetition(logits, ids, settings.repetitionPenalty, spared);
      const token = drawToken(tokenDistribution(penalized, settings), random);
      if (endIds.has(token)) {
        const text = stream.flush();
        if (text !== '') yield { text, token };
        return end('ended');
      }
      ids.push(token);
      const text = stream.push(token);
      yield { text: count === room ? text + stream.flush() : text, token };
      next = [token];
      await breathe();
    }
    return end(room < settings.maxTokens ? 'context' : 'length');
  } finally {
    cache.dispose();
  }
}

/** The ids of the conversation's most recent part that leaves room for a reply. @throws GenerationError `chat-context-full` */
function fitPrompt(
  { model, tokenizer, messages, format }: ChatRequest & { format: ChatFormat },
  maxTokens: number,
): { promptIds: number[]; forgotten: number } {
  if (messages.length === 0) throw new GenerationError('chat-nothing-asked', 'There is no message to answer.');
  const { contextLength } = model.config;
  const reserve = Math.max(1, Math.min(maxTokens, Math.floor(contextLength * REPLY_SHARE)));
  let recent = messages;
  for (;;) {
    const promptIds = encodePrompt(recent, tokenizer, format);
    if (promptIds.length === 0) throw new GenerationError('chat-nothing-asked', 'There is no text to answer.');
    if (promptIds.length <= contextLength - reserve) return { promptIds, forgotten: messages.length - recent.length };
    const shorter = withoutOldestExchange(recent);
    if (shorter === null) {
      throw new GenerationError(
        'chat-context-full',
        `The message takes ${promptIds.length} tokens; this model reads at most ${contextLength}, the reply included. Shorten it.`,
        { promptTokens: promptIds.length, contextLength, reserve },
      );
    }
    recent = shorter;
  }
}

/** `null` where nothing but the system message and the last exchange is left. */
function withoutOldestExchange(messages: readonly ChatMessage[]): readonly ChatMessage[] | null {
  const turns = messages.filter(({ role }) => role !== 'system');
  const nextQuestion = turns.findIndex(({ role }, i) => i > 0 && role === 'user');
  if (nextQuestion < 0) return null;
  const dropped = new Set(turns.slice(0, nextQuestion));
  return messages.filter((message) => !dropped.has(message));
}

function endIdsOf(tokenizer: Tokenizer, format: ChatFormat): ReadonlySet<number> {
  const closing = format.closingToken();
  const closingId = closing === null ? null : tokenizer.idOf(closing);
  return new Set([...tokenizer.endIds, ...(closingId === null ? [] : [closingId])]);
}

/** @returns [V] on the host */
async function readLogits(run: () => tf.Tensor1D): Promise<Float32Array> {
  const tensor = run();
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
