import { describe, expect, it } from 'vitest';
import { needsFolder, readText, tokenizerOf } from '../../test/model-folders.ts';
import { ChatFormat, ChatTemplateError, type PromptMessage } from './chat-template.ts';
import { createTokenizer } from './tokenizer.ts';

const user = (content: string, context?: string): PromptMessage => ({
  role: 'user',
  content,
  ...(context === undefined ? {} : { context }),
});
const assistant = (content: string): PromptMessage => ({ role: 'assistant', content });

function formatOf(template: string | null): ChatFormat {
  const config = JSON.parse(readText('perfitNano', 'tokenizer_config.json') as string);
  return new ChatFormat(
    createTokenizer({
      'tokenizer.json': readText('perfitNano', 'tokenizer.json') as string,
      'tokenizer_config.json': JSON.stringify({ ...config, chat_template: template }),
    }),
  );
}

function segmentsOf(format: ChatFormat, messages: PromptMessage[]) {
  const rows = format.conversationRows(messages);
  expect(rows.map(({ turn }) => turn)).toEqual([messages.length - 1]);
  return rows[0]?.segments ?? [];
}

const brief = (format: ChatFormat, messages: PromptMessage[]) =>
  segmentsOf(format, messages).map(({ text, isResponse }) => (isResponse ? { response: text } : text));

describe('the ChatML template of perfit-nano', () => {
  const format = new ChatFormat(tokenizerOf('perfitNano'));

  it('[PF4] takes the words and the closing token for the response', () => {
    expect(brief(format, [user('Hi', 'about tea'), assistant('Hello')])).toEqual([
      '<|im_start|>user\nHi\n\nabout tea<|im_end|>\n<|im_start|>assistant\n',
      { response: 'Hello<|im_end|>' },
    ]);
  });

  it('finds every response of a conversation, equal ones too', () => {
    const messages: PromptMessage[] = [
      { role: 'system', content: 'Yes' },
      user('Yes'),
      assistant('Yes'),
      user('Yes'),
      assistant('Yes'),
    ];
    expect(brief(format, messages)).toEqual([
      '<|im_start|>system\nYes<|im_end|>\n<|im_start|>user\nYes<|im_end|>\n<|im_start|>assistant\n',
      { response: 'Yes<|im_end|>' },
      '\n<|im_start|>user\nYes<|im_end|>\n<|im_start|>assistant\n',
      { response: 'Yes<|im_end|>' },
    ]);
  });

  it('asks for an answer with the text that training saw before it', () => {
    const messages = [user('One'), assistant('Two'), user('Three')];
    const asked = format.promptSegments(messages);
    const trained = segmentsOf(format, [...messages, assistant('Four')]);
    expect(asked).toEqual(trained.slice(0, -1));
  });
});

it('knows the token that ends a response', () => {
  const ending =
    "{% for m in messages %}{{ m['content'] }}{% if m['role'] == 'assistant' %}<|endoftext|>{% endif %}{% endfor %}";
  expect(formatOf(ending).closingToken()).toBe('<|endoftext|>');
  expect(formatOf(null).closingToken()).toBe('<|im_end|>');
  expect(formatOf('{{ messages[0].content }}').closingToken()).toBeNull();
});

describe('the Alpaca prompt of models without a template', () => {
  const format = formatOf(null);

  it('is the one that FederatedGPT-Shepherd tunes with', () => {
    expect(format.kind).toBe('alpaca');
    expect(brief(format, [user('Add.', '1, 2'), assistant('3')])).toEqual([
      'Below is an instruction that describes a task, paired with an input that provides further context. ' +
        'Write a response that appropriately completes the request.\n\n' +
        '### Instruction:\nAdd.\n\n### Input:\n1, 2\n\n### Response:\n',
      { response: '3<|im_end|>' },
    ]);
    expect(brief(format, [user('Add.'), assistant('3')])).toEqual([
      'Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n' +
        '### Instruction:\nAdd.\n\n### Response:\n',
      { response: '3<|im_end|>' },
    ]);
  });

  it('goes on without its preamble', () => {
    const messages = [user('A'), assistant('B'), user('C'), assistant('D')];
    const segments = segmentsOf(format, messages);
    expect(segments.map(({ text }) => text).slice(1)).toEqual([
      'B<|im_end|>',
      '\n\n### Instruction:\nC\n\n### Response:\n',
      'D<|im_end|>',
    ]);
    expect(segments.map(({ after }) => after)).toEqual([null, null, '<|im_end|>', null]);
    expect(format.promptSegments(messages.slice(0, 3))).toEqual(segments.slice(0, 3));
  });
});

describe('other templates', () => {
  it('may trim, and put a space and no line break around the words (Llama 2)', () => {
    const format = formatOf(
      "{% for m in messages %}{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] | trim + ' [/INST]' }}{% else %}{{ ' ' + m['content'] | trim + ' ' + eos_token }}{% endif %}{% endfor %}",
    );
    expect(brief(format, [user('Hi'), assistant(' Hello\n')])).toEqual([
      '[INST] Hi [/INST]',
      { response: ' Hello <|im_end|>' },
    ]);
  });

  it('may put a thought before the words that the prompt does not show (Qwen 3)', () => {
    const format = formatOf(
      "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' }}{% if m['role'] == 'assistant' and loop.last %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}{{ m['content'] + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
    );
    expect(brief(format, [user('Hi'), assistant('Hello')]).at(-1)).toEqual({
      response: '<think>\n\n</think>\n\nHello<|im_end|>',
    });
  });

  it('may prompt with something that no conversation holds: then the words alone are the response', () => {
    const format = formatOf(
      "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant (think!): ' }}{% endif %}",
    );
    expect(brief(format, [user('Hi'), assistant('Hello')])).toEqual([
      'user: Hi\nassistant: ',
      { response: 'Hello<|im_end|>' },
    ]);
  });

  const codeOf = (run: () => unknown) => {
    try {
      run();
      return null;
    } catch (error) {
      expect(error).toBeInstanceOf(ChatTemplateError);
      return (error as ChatTemplateError).code;
    }
  };

  it('are refused by a coded error where they cannot be used', () => {
    expect(codeOf(() => formatOf('{% for %}'))).toBe('chat-template-invalid');
    expect(() => formatOf("{% for m in messages %}{{ m['role'")).toThrow(
      /cannot be read: it ends within a statement\.$/,
    );
    const strict = formatOf("{{ raise_exception('No system messages') }}");
    expect(codeOf(() => strict.promptSegments([user('Hi')]))).toBe('chat-template-refused');
    const silent = formatOf('{{ messages[0].content }}');
    expect(codeOf(() => silent.conversationRows([user('Hi'), assistant('Hello')]))).toBe('chat-template-no-response');
    expect(codeOf(() => silent.conversationRows([user('Hi')]))).toBe('chat-template-no-response');
  });
});

describe('tinystories-656k', needsFolder('tinystories'), () => {
  it('closes an Alpaca response with its own end token', () => {
    const format = new ChatFormat(tokenizerOf('tinystories'));
    expect(segmentsOf(format, [user('Hi'), assistant('Hello')]).at(-1)?.text).toBe('Hello<|end_story|>');
  });
});

describe('templates that leave something out', () => {
  const lines = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}";
  const asked = "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}";

  it('[PF4] puts the end of text behind a row whose answer the template does not end, so that it is learned', () => {
    const format = formatOf(lines + asked);
    expect(format.closingToken()).toBeNull();
    expect(brief(format, [user('Hi'), assistant('Hello'), user('And?'), assistant('Bye')])).toEqual([
      'user: Hi\nassistant: ',
      { response: 'Hello' },
      '\nuser: And?\nassistant: ',
      { response: 'Bye<|im_end|>' },
    ]);
    expect(format.turnBorders()).toEqual(['\nuser:']);
    expect(format.notes()).toEqual([expect.stringMatching(/nothing that ends an answer: <\|im_end\|> is put behind/)]);
  });

  it('says where neither template nor tokenizer can end an answer', () => {
    const nameless = { chatTemplate: lines + asked, templateTokens: {}, endTokens: [], specialTokens: [] };
    const format = new ChatFormat(nameless);
    expect(brief(format, [user('Hi'), assistant('Hello')])).toEqual(['user: Hi\nassistant: ', { response: 'Hello' }]);
    expect(format.notes()).toEqual([expect.stringMatching(/its tokenizer has no such token/)]);
  });

  it('says where an answer does not begin with what the model is given before it', () => {
    const thinking = formatOf(
      `${lines.replace("+ '\n'", "+ eos_token + '\n'")}${asked.replace('assistant: ', 'assistant: <think>')}`,
    );
    expect(brief(thinking, [user('Hi'), assistant('Hello')])).toEqual([
      'user: Hi<|im_end|>\nassistant: ',
      { response: 'Hello<|im_end|>' },
    ]);
    expect(thinking.promptSegments([user('Hi')]).at(-1)?.text).toMatch(/assistant: <think>$/);
    expect(thinking.notes()).toEqual([expect.stringMatching(/asks for an answer in another way than it shows one/)]);
  });

  it('says why a template takes no conversation at all, and nothing of one that is as it should be', () => {
    expect(formatOf("{{ raise_exception('no, thanks') }}").notes()).toEqual([expect.stringMatching(/no, thanks/)]);
    expect(new ChatFormat(tokenizerOf('perfitNano')).notes()).toEqual([]);
    expect(formatOf(null).notes()).toEqual([]);
  });

  it('tells the same date every day, as Python writes it', () => {
    const format = '%Y-%m-%d %H:%M|%d %b %Y|%A, %B %-d|%c|%j %p %I %y %%|%Q';
    const dated = formatOf(`{{ strftime_now('${format}') }}${lines.replace("+ '\n'", "+ eos_token + '\n'")}`);
    const [first] = brief(dated, [user('Hi'), assistant('Hello')]);
    expect(first).toMatch(
      /^2024-07-26 00:00\|26 Jul 2024\|Friday, July 26\|Fri Jul 26 00:00:00 2024\|208 AM 12 24 %\|%Q/,
    );
  });
});
