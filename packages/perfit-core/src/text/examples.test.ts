import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsFolder, tokenizerOf } from '../../test/model-folders.ts';
import { ChatFormat } from './chat-template.ts';
import type { Example } from './example.ts';
import { encodePrompt, NO_LOSS, type TokenizedExample, tokenizeExamples } from './examples.ts';
import type { Tokenizer } from './tokenizer.ts';

const nano = tokenizerOf('perfitNano');

const responseOf = (row: TokenizedExample | undefined) => [...(row?.labels ?? [])].filter((label) => label !== NO_LOSS);
const promptOf = (row: TokenizedExample | undefined) =>
  [...(row?.ids ?? [])].filter((_, i) => row?.labels[i] === NO_LOSS);
const one = (example: Example, maxLength = 256) => tokenizeExamples([example], nano, { maxLength });

describe('tokenizing an example', () => {
  it('[PF4] puts the loss on the response and its closing token only', () => {
    const { examples } = one({ instruction: 'Say hello.', response: 'Hello there' });
    const [row] = examples;
    expect(nano.decode(responseOf(row), { keepSpecial: true })).toBe('Hello there<|im_end|>');
    expect(nano.decode(promptOf(row), { keepSpecial: true })).toBe(
      '<|im_start|>user\nSay hello.<|im_end|>\n<|im_start|>assistant\n',
    );
    for (const [i, label] of row?.labels.entries() ?? []) if (label !== NO_LOSS) expect(label).toBe(row?.ids[i]);
  });

  it('begins with exactly the tokens that generation will start from', () => {
    const messages = [
      { role: 'user', content: 'One?' },
      { role: 'assistant', content: 'Two.' },
      { role: 'user', content: 'Three?' },
      { role: 'assistant', content: '\n Four.' },
    ] as const;
    const { examples } = one({ messages });
    const prompt = encodePrompt(messages.slice(0, 3), nano, new ChatFormat(nano));
    expect([...(examples[0]?.ids ?? [])].slice(0, prompt.length)).toEqual(prompt);
    expect(nano.decode(responseOf(examples[0]), { keepSpecial: true })).toBe('Two.<|im_end|>\n Four.<|im_end|>');
  });

  it('leaves out what follows the last response', () => {
    const messages = [
      { role: 'user', content: 'One?' },
      { role: 'assistant', content: 'Two.' },
      { role: 'user', content: 'Thanks' },
    ] as const;
    expect(one({ messages }).examples[0]?.ids.at(-1)).toBe(nano.eosId);
  });

  it('drops an example without a response, and one that the template refuses', () => {
    const { examples, dropped, sources } = tokenizeExamples(
      [
        { instruction: 'a', response: ' \n' },
        { instruction: 'b', response: 'c' },
        { messages: [{ role: 'user', content: 'd' }] },
      ],
      nano,
      { maxLength: 64 },
    );
    expect(examples.length).toBe(1);
    expect(sources).toEqual([1]);
    expect(dropped.map(({ index, reason }) => ({ index, reason }))).toEqual([
      { index: 0, reason: 'no-response' },
      { index: 2, reason: 'no-response' },
    ]);
  });
});

describe('an example that is too long', () => {
  const long = (word: string, count: number) => Array.from({ length: count }, (_, i) => `${word}${i}`).join(' ');

  it('loses the end of its context first, and keeps instruction, layout and response', () => {
    const { examples, cut } = one(
      { instruction: 'Sum it up.', context: `first ${long('word', 200)}`, response: 'Words.' },
      64,
    );
    const [row] = examples;
    expect(row?.ids.length).toBeLessThanOrEqual(64);
    expect(row?.ids.length).toBeGreaterThan(58);
    expect(nano.decode(row?.ids ?? [], { keepSpecial: true })).toMatch(
      /^<\|im_start\|>user\nSum it up\.\n\nfirst word0 .*<\|im_end\|>\n<\|im_start\|>assistant\nWords\.<\|im_end\|>$/s,
    );
    expect(cut).toMatchObject({ examples: 1, responseTokens: 0 });
    expect(cut.promptTokens).toBeGreaterThan(300);
  });

  it('then loses the beginning of its prompt, and never more than half of T to the prompt', () => {
    const { examples, cut } = one({ instruction: long('ask', 100), response: long('tell', 100) }, 64);
    const [row] = examples;
    expect(row?.ids.length).toBe(64);
    expect(responseOf(row).length).toBe(32);
    expect(nano.decode(promptOf(row), { keepSpecial: true })).toMatch(/<\|im_start\|>assistant\n$/);
    expect(nano.decode(responseOf(row))).toMatch(/^tell0 tell1 /);
    expect(responseOf(row)).not.toContain(nano.eosId);
    expect(cut.responseTokens).toBeGreaterThan(100);
  });

  it('loses its oldest exchanges, not its system message, where it is a conversation', () => {
    const { examples } = one(
      {
        messages: [
          { role: 'system', content: 'Be kind.' },
          { role: 'user', content: long('old', 30) },
          { role: 'assistant', content: 'Old answer.' },
          { role: 'user', content: 'New?' },
          { role: 'assistant', content: 'New answer.' },
        ],
      },
      64,
    );
    expect(nano.decode(examples[0]?.ids ?? [], { keepSpecial: true })).toBe(
      '<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nNew?<|im_end|>\n<|im_start|>assistant\nNew answer.<|im_end|>',
    );
  });

  it('keeps as many of its latest exchanges as fit, whatever their number', () => {
    const turns = Array.from({ length: 24 }, (_, i) => [
      { role: 'user' as const, content: `Ask ${i}?` },
      { role: 'assistant' as const, content: `Say ${i}.` },
    ]);
    for (const maxLength of [16, 32, 64, 128, 256, 512]) {
      const [row] = one({ messages: turns.flat() }, maxLength).examples;
      const fitting = turns.findIndex(
        (_, from) => (one({ messages: turns.slice(from).flat() }, 10_000).examples[0]?.ids.length ?? 0) <= maxLength,
      );
      const longest = turns.slice(fitting < 0 ? -1 : fitting).flat();
      expect([...(row?.ids ?? [])]).toEqual([...(one({ messages: longest }, maxLength).examples[0]?.ids ?? [])]);
    }
  });

  it('is taken in parts where it has very many responses: each carries its loss, behind the system message', () => {
    const messages = Array.from({ length: 140 }, (_, i) => ({
      role: i % 2 === 0 ? ('user' as const) : ('assistant' as const),
      content: i % 2 === 0 ? `Ask ${i}?` : `Say ${i}.`,
    }));
    const { examples, sources, lengths } = one(
      { messages: [{ role: 'system', content: 'Be kind.' }, ...messages] },
      10_000,
    );
    expect(sources).toEqual([0, 0, 0]);
    const said = examples.map((row) => nano.decode(responseOf(row), { keepSpecial: true })).join('');
    expect(said).toBe(
      messages.flatMap(({ role, content }) => (role === 'user' ? [] : [`${content}<|im_end|>`])).join(''),
    );
    for (const { ids } of examples) expect(nano.decode(ids)).toMatch(/^system\nBe kind\.\nuser\nAsk \d+\?\n/);
    expect(lengths).toEqual([
      {
        tokens: examples.reduce((sum, { ids }) => sum + ids.length, 0),
        cut: 0,
        response: examples.reduce((sum, row) => sum + responseOf(row).length, 0),
      },
    ]);
  });

  it('fits for any texts and any T, with a response token, and the count adds up', () => {
    const text = fc.oneof(fc.lorem({ maxCount: 40 }), fc.string({ unit: 'grapheme', maxLength: 120 }));
    fc.assert(
      fc.property(text, fc.option(text, { nil: undefined }), text, fc.integer({ min: 16, max: 80 }), (...drawn) => {
        const [instruction, context, response, maxLength] = drawn;
        const example = { instruction, response, ...(context === undefined ? {} : { context }) };
        const short = tokenizeExamples([example], nano, { maxLength });
        const whole = tokenizeExamples([example], nano, { maxLength: 100_000 });
        expect(short.examples.length + short.dropped.length).toBe(1);
        expect(short.dropped.length).toBe(response.trim() === '' ? 1 : 0);
        const [row] = short.examples;
        if (row === undefined) return;
        expect(row.ids.length).toBeLessThanOrEqual(maxLength);
        expect(responseOf(row).length).toBeGreaterThan(0);
        const lost = (whole.examples[0]?.ids.length ?? 0) - row.ids.length;
        expect(short.cut.promptTokens + short.cut.responseTokens).toBe(lost);
        expect(short.lengths).toEqual([{ tokens: row.ids.length + lost, cut: lost, response: responseOf(row).length }]);
      }),
      { numRuns: 150 },
    );
  });

  it('is split, not cut, where it is text to be continued', () => {
    const text = long('word', 60);
    const { examples, sources, cut } = one({ text }, 32);
    expect(nano.decode(examples.flatMap((row) => [...row.ids]))).toBe(text);
    expect(new Set(sources)).toEqual(new Set([0]));
    expect(cut.examples).toBe(0);
  });

  it('needs room for a layout', () => {
    expect(() => one({ instruction: 'a', response: 'b' }, 8)).toThrow(RangeError);
  });
});

describe('tinystories-656k, a metaspace tokenizer without a chat template', needsFolder('tinystories'), () => {
  let tokenizer: Tokenizer;
  beforeAll(() => {
    tokenizer = tokenizerOf('tinystories');
  });

  it('opens with its story token and begins the response without a space of its own', () => {
    const { examples } = tokenizeExamples([{ instruction: 'Tell.', response: 'Once there was' }], tokenizer, {
      maxLength: 256,
    });
    const [row] = examples;
    expect(row?.ids[0]).toBe(1);
    expect(tokenizer.tokenOf(responseOf(row)[0] as number)).not.toMatch(/^▁/);
    expect(tokenizer.decode(responseOf(row), { keepSpecial: true })).toBe('Once there was<|end_story|>');
  });

  it('closes an earlier response with its end token, which its own encoding of the whole text would miss', () => {
    const messages = [
      { role: 'user', content: 'A' },
      { role: 'assistant', content: 'B' },
      { role: 'user', content: 'C' },
    ] as const;
    const ids = encodePrompt(messages, tokenizer, new ChatFormat(tokenizer));
    expect(ids.filter((id) => id === tokenizer.eosId)).toHaveLength(1);
    expect(tokenizer.decode(ids)).toMatch(/ Response:\nB\n\n.*Instruction:\nC\n\n.*Response:\n$/s);
  });
});
