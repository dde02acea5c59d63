import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startWasm } from '../../test/backend.ts';
import { perfitNano } from '../../test/places.ts';
import { Conversation } from '../generation/conversation.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { loadModel } from '../model/load-model.ts';
import { PackedModel } from '../model/packed/packed-model.ts';
import { directorySource } from '../node/directory-source.ts';
import { loadTokenizer, type Tokenizer } from '../text/tokenizer.ts';
import { answerQuestion } from './answer-question.ts';
import type { Question } from './question.ts';

const makesSense: Question = {
  messages: [
    { role: 'user', content: 'Does the following sentence make sense? "The cat sat on the mat." Answer yes or no.' },
  ],
  expected: ' yes ',
};

describe('answerQuestion', () => {
  let model: LanguageModel;
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    await startWasm();
    const nano = directorySource(perfitNano);
    [model, tokenizer] = [await loadModel(nano), await loadTokenizer(nano)];
  }, 60_000);

  const ask = async (question: Question, maxTokens: number, signal?: AbortSignal) => {
    const conversation = new Conversation({ model, tokenizer, adapter: null });
    try {
      return await answerQuestion(conversation, question, { maxTokens, ...(signal ? { signal } : {}) });
    } finally {
      conversation.dispose();
    }
  };

  it('answers greedily, holds the answer against what was expected, and leaves no tensor', async () => {
    const first = await ask(makesSense, 12);
    const before = tf.memory().numTensors;
    expect(first).toEqual({ text: 'Yes', tokens: 1, isCut: false, rougeL: 1, isExact: false });
    expect(await ask({ ...makesSense, expected: 'Yes\n' }, 12)).toEqual({ ...first, isExact: true });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('says where the bound cut it', async () => {
    const story: Question = { messages: [{ role: 'user', content: 'Tell me a story.' }], expected: 'Once' };
    expect(await ask(story, 2)).toMatchObject({ tokens: 2, isCut: true });
  });

  it('passes over what does not fit into the context, and stops between two tokens', async () => {
    const narrow = new PackedModel({ ...model.config, contextLength: 16 }, (model as PackedModel).weights);
    const conversation = new Conversation({ model: narrow, tokenizer, adapter: null });
    expect(await answerQuestion(conversation, makesSense, { maxTokens: 4 })).toBeNull();
    conversation.dispose();
    const stop = new AbortController();
    stop.abort(new Error('a round begins'));
    await expect(ask(makesSense, 12, stop.signal)).rejects.toThrow('a round begins');
  });
});
