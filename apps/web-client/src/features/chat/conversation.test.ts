import { describe, expect, it } from 'vitest';
import type { ChatReply } from '../../contract/chat-api.ts';
import { defaultSettings, optionsOf, parseSettings } from './chat-settings.ts';
import { askedAgain, askedOf, type Exchange, withPiece, withReplies } from './conversation.ts';

const asked = (question: string, of: Exchange['asked'] = ['base', 'personal']): Exchange => ({
  question,
  expected: null,
  asked: of,
  hadPersonal: true,
  answers: {},
  attempt: 0,
});
const said = (text: string): ChatReply => ({
  text,
  tokens: 3,
  seconds: 1,
  reason: 'ended',
  forgotten: 0,
  module: null,
});

describe('a conversation', () => {
  it('is remembered by each model with its own answers, after what it was told to be', () => {
    const exchanges = [
      ...withReplies([asked('Rye?')], { base: said('No.'), personal: said('Yes, at six.') }),
      asked('And now?'),
    ];
    const { conversations } = askedOf(exchanges, { ...defaultSettings, system: ' Be short. ' });
    expect(conversations.personal).toEqual([
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'Rye?' },
      { role: 'assistant', content: 'Yes, at six.' },
      { role: 'user', content: 'And now?' },
    ]);
    expect(conversations.base?.[2]?.content).toBe('No.');
  });

  it('leaves out what a model was not asked', () => {
    const exchanges = [...withReplies([asked('Rye?', ['base'])], { base: said('No.') }), asked('And now?')];
    const { conversations } = askedOf(exchanges, defaultSettings);
    expect(conversations.personal).toEqual([{ role: 'user', content: 'And now?' }]);
    expect(conversations.base).toHaveLength(3);
    expect(askedOf(exchanges.slice(0, 1), defaultSettings).conversations.personal).toBeUndefined();
  });

  it('grows piece by piece, and begins anew where it is asked again', () => {
    let exchanges: readonly Exchange[] = [asked('Rye?')];
    for (const [text, tokens] of [
      ['Yes', 1],
      [', at', 2],
    ] as const) {
      exchanges = withPiece(exchanges, { which: 'personal', text, tokens, seconds: tokens / 10 });
    }
    expect(exchanges[0]?.answers.personal).toEqual({ text: 'Yes, at', tokens: 2, seconds: 0.2, reply: null });
    // Pieces come on a way of their own: the last may arrive after the whole answer.
    const whole = withReplies(exchanges, { personal: said('Yes, at six.') });
    const late = withPiece(whole, { which: 'personal', text: ' six.', tokens: 3, seconds: 0.3 });
    expect(late[0]?.answers.personal?.text).toBe('Yes, at six.');
    const [again] = askedAgain(exchanges, { asked: ['personal'], hadPersonal: true });
    expect(again).toMatchObject({ question: 'Rye?', answers: {}, attempt: 1, asked: ['personal'] });
  });
});

describe('chat settings', () => {
  it('take what was kept, and the default where that cannot be used', () => {
    const kept = JSON.stringify({ temperature: 0, topK: 1e9, seed: '4', sameSeed: false, other: 1 });
    expect(parseSettings(kept)).toEqual({ ...defaultSettings, temperature: 0, sameSeed: false });
    for (const broken of [undefined, '', 'null', '[]', '{']) expect(parseSettings(broken)).toEqual(defaultSettings);
  });

  it('give both models one seed or each its own, and another one each time', () => {
    const seedOf = (which: 'base' | 'personal', sameSeed: boolean, attempt = 0) =>
      optionsOf({ ...defaultSettings, sameSeed }, which, attempt).seed;
    expect(seedOf('personal', true)).toBe(seedOf('base', true));
    expect(seedOf('personal', false)).not.toBe(seedOf('base', false));
    expect(seedOf('base', true, 1)).not.toBe(seedOf('base', true));
    expect(optionsOf(defaultSettings, 'base', 0)).not.toHaveProperty('system');
    expect(optionsOf({ ...defaultSettings, stop: '\nUser:\n\n###' }, 'base', 0).stop).toEqual(['User:', '###']);
  });
});
