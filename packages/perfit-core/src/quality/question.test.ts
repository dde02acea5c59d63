import { describe, expect, it } from 'vitest';
import { questionOf } from './question.ts';

describe('questionOf', () => {
  it('takes an instruction with what it is about', () => {
    expect(questionOf({ instruction: 'Sum up.', context: 'A text.', response: 'Short.' })).toEqual({
      messages: [{ role: 'user', content: 'Sum up.', context: 'A text.' }],
      expected: 'Short.',
    });
    expect(questionOf({ instruction: 'Hi', context: ' ', response: 'Hello' })?.messages).toEqual([
      { role: 'user', content: 'Hi' },
    ]);
  });

  it('takes the last question of a conversation that was answered, with all before it', () => {
    const said = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'One?' },
      { role: 'assistant', content: 'One.' },
      { role: 'user', content: 'Two?' },
      { role: 'assistant', content: 'Two.' },
      { role: 'user', content: 'Three?' },
      { role: 'assistant', content: ' ' },
    ] as const;
    expect(questionOf({ messages: said })).toEqual({ messages: said.slice(0, 4), expected: 'Two.' });
  });

  it('finds none in text to be continued, and where nobody asks or answers', () => {
    expect(questionOf({ text: 'Once upon a time' })).toBeNull();
    expect(questionOf({ instruction: ' ', response: 'Yes' })).toBeNull();
    expect(questionOf({ messages: [{ role: 'assistant', content: 'Welcome.' }] })).toBeNull();
    expect(questionOf({ messages: [{ role: 'user', content: 'Anybody?' }] })).toBeNull();
  });
});
