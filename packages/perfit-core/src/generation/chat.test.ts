import { fileURLToPath } from 'node:url';
import { initialTheta, PROJECTIONS } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { AdapterTensors } from '../model/adapter-tensors.ts';
import { ComposedModel } from '../model/composed/composed-model.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { loadModel } from '../model/load-model.ts';
import { directorySource } from '../node/directory-source.ts';
import { nodeBackend } from '../node/node-backend.ts';
import { ChatFormat } from '../text/chat-template.ts';
import type { ChatMessage } from '../text/example.ts';
import { encodePrompt } from '../text/examples.ts';
import { loadTokenizer, type Tokenizer } from '../text/tokenizer.ts';
import { type ChatEnd, type ChatOptions, type ChatPiece, type ChatRequest, chat } from './chat.ts';
import { GenerationError } from './generation-error.ts';

const GREEDY: ChatOptions = { temperature: 0, repetitionPenalty: 1, maxTokens: 12 };
const user = (content: string): ChatMessage => ({ role: 'user', content });
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content });

let model: LanguageModel;
let tokenizer: Tokenizer;

beforeAll(async () => {
  await nodeBackend({ prefer: 'wasm' });
  const source = directorySource(fileURLToPath(new URL('../../../../models/perfit-nano', import.meta.url)));
  [model, tokenizer] = [await loadModel(source), await loadTokenizer(source)];
}, 60_000);

async function reply(request: Partial<ChatRequest>, options: ChatOptions = GREEDY, signal?: AbortSignal) {
  const pieces: ChatPiece[] = [];
  const messages = [user('What is the capital of France?')];
  const generator = chat({ model, tokenizer, adapter: null, messages, ...request }, options, signal);
  for (;;) {
    const next = await generator.next();
    if (next.done) return { pieces, text: pieces.map(({ text }) => text).join(''), end: next.value as ChatEnd };
    pieces.push(next.value);
  }
}

/** An adapter that changes what the model says: B is not zero. */
function loudAdapter(): AdapterTensors {
  const layout = model.layout({ rank: 4, alpha: 32, targets: PROJECTIONS });
  return AdapterTensors.fromTheta(
    layout,
    initialTheta(layout, 3).map((value, p) => value || ((p % 7) - 3) / 40),
  );
}

describe('chat with perfit-nano', () => {
  it('says, greedily, what a forward pass over the whole text says at every step', async () => {
    const adapter = loudAdapter();
    for (const tuned of [null, adapter]) {
      const { pieces, end } = await reply({ adapter: tuned });
      const format = new ChatFormat(tokenizer);
      const ids = encodePrompt([user('What is the capital of France?')], tokenizer, format);
      expect(end.promptTokens).toBe(ids.length);
      for (const { token } of pieces) {
        const logits = model.nextLogits(tuned, ids);
        const [likeliest] = await tf.tidy(() => tf.argMax(logits)).data();
        expect(token).toBe(likeliest);
        logits.dispose();
        ids.push(token);
      }
    }
    adapter.dispose();
  }, 60_000);

  it('streams text that is the decoding of its tokens, the same for the same seed', async () => {
    const options: ChatOptions = { temperature: 1.5, topK: 0, topP: 1, maxTokens: 24 };
    const first = await reply({}, { ...options, seed: 5 });
    const again = await reply({}, { ...options, seed: 5 });
    const other = await reply({}, { ...options, seed: 6 });
    expect(first.text).toBe(tokenizer.decode(first.pieces.map(({ token }) => token)));
    expect(again).toEqual(first);
    expect(other.text).not.toBe(first.text);
  }, 60_000);

  it('frees every tensor when it ends, when its consumer leaves, and when it is aborted', async () => {
    await reply({});
    const before = tf.memory().numTensors;
    await reply({});
    expect(tf.memory().numTensors).toBe(before);
    for await (const _ of chat({ model, tokenizer, adapter: null, messages: [user('Hi')] }, GREEDY)) break;
    expect(tf.memory().numTensors).toBe(before);
    const controller = new AbortController();
    const generator = chat({ model, tokenizer, adapter: null, messages: [user('Hi')] }, GREEDY, controller.signal);
    await generator.next();
    controller.abort(new Error('enough'));
    await expect(generator.next()).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(before);
  }, 60_000);

  it('ends at the token that closes a response, which is no part of the reply', async () => {
    const question = 'Does the following sentence make sense? "The cat sat on the mat." Answer yes or no.';
    const { text, end, pieces } = await reply({ messages: [user(question)] });
    expect(text).toBe('Yes');
    expect(end).toMatchObject({ reason: 'ended', tokens: pieces.length, forgotten: 0 });
  }, 60_000);

  it('stops at the wanted length, and where the context is full, and says which', async () => {
    // At this temperature every token is about equally likely: the end does not come by itself.
    const babble: ChatOptions = { temperature: 100, topK: 0, topP: 1, repetitionPenalty: 1, seed: 2 };
    expect((await reply({}, { ...babble, maxTokens: 5 })).end).toMatchObject({ reason: 'length', tokens: 5 });
    const narrow = new ComposedModel({ ...model.config, contextLength: 40 }, (model as ComposedModel).weights);
    const { end } = await reply({ model: narrow }, { ...babble, maxTokens: 500 });
    expect(end).toMatchObject({ reason: 'context', tokens: 40 - end.promptTokens });
  }, 60_000);

  it('forgets the oldest exchanges of a long conversation, and refuses a message that alone is too long', async () => {
    const turns = Array.from({ length: 12 }, (_, i) => [
      user(`Question number ${i}, which is long?`),
      assistant('Yes, it is.'),
    ]);
    const messages = [{ role: 'system', content: 'Be kind.' } as const, ...turns.flat(), user('And now?')];
    const { end } = await reply({ messages }, { ...GREEDY, maxTokens: 2 });
    expect(end.forgotten).toBeGreaterThan(0);
    expect(end.forgotten % 2).toBe(0);
    expect(end.promptTokens).toBeLessThanOrEqual(254);
    const before = tf.memory().numTensors;
    const error: unknown = await reply({ messages: [user('word '.repeat(400))] }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GenerationError);
    expect(error).toMatchObject({ code: 'chat-context-full' });
    expect((error as Error).message).toMatch(/^The message takes \d+ tokens; this model reads at most 256,/);
    await expect(reply({ messages: [] })).rejects.toMatchObject({ code: 'chat-nothing-asked' });
    expect(tf.memory().numTensors).toBe(before);
  }, 60_000);
});
