import { fileURLToPath } from 'node:url';
import { initialTheta, PROJECTIONS } from '@perfit/protocol/space';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { AdapterTensors } from '../model/adapter-tensors.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { loadModel } from '../model/load-model.ts';
import { PackedModel } from '../model/packed/packed-model.ts';
import { directorySource } from '../node/directory-source.ts';
import { nodeBackend } from '../node/node-backend.ts';
import { ChatFormat } from '../text/chat-template.ts';
import type { ChatMessage } from '../text/example.ts';
import { encodePrompt } from '../text/examples.ts';
import { createTokenizer, loadTokenizer, type Tokenizer } from '../text/tokenizer.ts';
import { type ChatEnd, type ChatOptions, type ChatPiece, Conversation, type Speaker } from './conversation.ts';
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

interface Asked extends Partial<Speaker> {
  readonly messages?: readonly ChatMessage[];
}

/** One reply of a conversation that is over then. */
async function reply({ messages, ...speaker }: Asked, options: ChatOptions = GREEDY) {
  const conversation = new Conversation({ model, tokenizer, adapter: null, ...speaker });
  try {
    return await spoken(conversation, messages ?? [user('What is the capital of France?')], options);
  } finally {
    conversation.dispose();
  }
}

async function spoken(conversation: Conversation, messages: readonly ChatMessage[], options: ChatOptions = GREEDY) {
  const pieces: ChatPiece[] = [];
  const generator = conversation.reply(messages, options);
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

describe('a conversation with perfit-nano', () => {
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
    const conversation = new Conversation({ model, tokenizer, adapter: null });
    for await (const _ of conversation.reply([user('Hi')], GREEDY)) break;
    const controller = new AbortController();
    const generator = conversation.reply([user('Hi')], GREEDY, controller.signal);
    await generator.next();
    await expect(conversation.reply([user('And I?')], GREEDY).next()).rejects.toThrow('in the middle of a reply');
    controller.abort(new Error('enough'));
    await expect(generator.next()).rejects.toThrow('enough');
    conversation.dispose();
    expect(tf.memory().numTensors).toBe(before);
    // It may go on: what it had read is read again.
    const { end } = await spoken(conversation, [user('Hi')]);
    expect(end.readTokens).toBe(end.promptTokens);
    conversation.dispose();
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
    const narrow = new PackedModel({ ...model.config, contextLength: 40 }, (model as PackedModel).weights);
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

  it('reads only what is new, and says what it would have said without a memory', async () => {
    const adapter = loudAdapter();
    const conversation = new Conversation({ model, tokenizer, adapter });
    const told: ChatMessage[] = [{ role: 'system', content: 'Answer briefly.' }];
    // Greedy replies, one that is drawn, and a longer one, for which the cache has to grow.
    const turns = [GREEDY, { ...GREEDY, temperature: 1, topK: 0, seed: 3 }, { ...GREEDY, maxTokens: 60 }, GREEDY];
    for (const [i, options] of turns.entries()) {
      told.push(user(`Is ${i} an even number, and what comes after it?`));
      const kept = await spoken(conversation, told, options);
      const anew = await reply({ adapter, messages: told }, options);
      expect(kept.text, `turn ${i}`).toBe(anew.text);
      expect(anew.end.readTokens).toBe(anew.end.promptTokens);
      if (i > 0) expect(kept.end.readTokens).toBeLessThan(kept.end.promptTokens / 2);
      told.push(assistant(kept.text));
    }
    conversation.dispose();
    adapter.dispose();
  }, 60_000);

  it('compares tokens: a question that was changed, or asked again, is read from where it differs', async () => {
    const conversation = new Conversation({ model, tokenizer, adapter: null });
    const first = [user('Name the capital of France, please.')];
    const one = await spoken(conversation, first);
    const again = await spoken(conversation, first);
    expect(again.text).toBe(one.text);
    expect(again.end.readTokens).toBe(1);
    const other = [user('Name the capital of Spain, please.')];
    const changed = await spoken(conversation, other);
    expect(changed.text).toBe((await reply({ messages: other })).text);
    expect(changed.end.readTokens).toBeLessThan(changed.end.promptTokens);
    expect(changed.end.readTokens).toBeGreaterThan(1);
    conversation.dispose();
  }, 60_000);

  it('forgets more at once than it has to, so that what is kept stays where it is', async () => {
    const conversation = new Conversation({ model, tokenizer, adapter: null });
    const told: ChatMessage[] = [{ role: 'system', content: 'Be kind.' }];
    const ends: ChatEnd[] = [];
    for (let i = 0; i < 14; i++) {
      told.push(user(`Question number ${i}, which is long?`));
      ends.push((await spoken(conversation, told, { ...GREEDY, maxTokens: 2 })).end);
      told.push(assistant('Yes, it is.'));
    }
    const forgetful = ends.filter(({ forgotten }, i) => forgotten > (ends[i - 1]?.forgotten ?? 0));
    const inPeace = ends.filter(({ forgotten }, i) => i > 0 && forgotten === ends[i - 1]?.forgotten);
    expect(forgetful.length).toBeGreaterThan(0);
    expect(forgetful.length).toBeLessThan(5);
    for (const { readTokens, promptTokens } of inPeace) expect(readTokens).toBeLessThan(promptTokens / 2);
    conversation.dispose();
  }, 60_000);

  it('ends at stop texts, and at the next turn where its layout has no token for an end', async () => {
    const whole = (await reply({}, { ...GREEDY, maxTokens: 40 })).text;
    const stop = whole.slice(8, 12);
    const { text, end } = await reply({}, { ...GREEDY, maxTokens: 40, stop: ['never said', stop] });
    expect(text).toBe(whole.slice(0, whole.indexOf(stop)));
    expect(end.reason).toBe('ended');

    const files = directorySource(fileURLToPath(new URL('../../../../models/perfit-nano', import.meta.url)));
    const json = JSON.parse(await files.text('tokenizer_config.json'));
    const lines = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\\n' }}{% endfor %}";
    const endless = createTokenizer({
      'tokenizer.json': await files.text('tokenizer.json'),
      'tokenizer_config.json': JSON.stringify({ ...json, chat_template: lines }),
    });
    const format = new ChatFormat(endless);
    expect(format.closingToken()).toBeNull();
    expect(format.turnBorders()).toEqual(['\nuser:']);
    expect(new ChatFormat(tokenizer).turnBorders()).not.toEqual([]);
  }, 60_000);
});
