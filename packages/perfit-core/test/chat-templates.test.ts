import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ChatFormat, type ConversationRow } from '../src/text/chat-template.ts';
import type { ChatMessage } from '../src/text/example.ts';
import { encodePrompt, NO_LOSS, tokenizeExamples } from '../src/text/examples.ts';
import { createTokenizer, type Tokenizer } from '../src/text/tokenizer.ts';
import expected from './chat-templates/expected.json' with { type: 'json' };
import { readText } from './model-folders.ts';

/**
 * The chat templates of the models that people come with, as `tokenizer_config.json` has them on the Hub:
 * HuggingFaceTB/SmolLM2-135M-Instruct, Qwen/Qwen2.5-0.5B-Instruct, Qwen/Qwen3-0.6B,
 * TinyLlama/TinyLlama-1.1B-Chat-v1.0, meta-llama/Llama-3.2-1B-Instruct. What they make of a conversation is
 * compared with Jinja2 (`test/make-text-expectations.py`).
 */
type Template = (typeof expected.templates)[number];

const SPECIALS = ['<|im_start|>', '<|im_end|>', '<s>', '</s>', '<|eot_id|>', '<|begin_of_text|>'];

/** The embedded model's vocabulary with the special tokens of another model and its template. */
function tokenizerWith({ name, tokens }: Template): Tokenizer {
  const json = JSON.parse(readText('perfitNano', 'tokenizer.json') as string);
  const known = new Set(json.added_tokens.map(({ content }: { content: string }) => content));
  const added = SPECIALS.filter((content) => !known.has(content)).map((content, i) => ({
    ...json.added_tokens[0],
    id: 4096 + i,
    content,
  }));
  const template = readFileSync(new URL(`./chat-templates/${name}.jinja`, import.meta.url), 'utf8');
  return createTokenizer({
    'tokenizer.json': JSON.stringify({ ...json, added_tokens: [...json.added_tokens, ...added] }),
    'tokenizer_config.json': JSON.stringify({ ...tokens, chat_template: template }),
  });
}

const textOf = ({ segments }: ConversationRow) => segments.map(({ text }) => text).join('');
const responsesOf = ({ segments }: ConversationRow) =>
  segments.filter(({ isResponse }) => isResponse).map(({ text }) => text);

describe.each(expected.templates)('the chat template of $name', (template) => {
  const tokenizer = tokenizerWith(template);
  const format = new ChatFormat(tokenizer);
  const end = template.tokens.eos_token;

  it.each(template.conversations)('lays $name out as Jinja2 does', ({ messages, turns }) => {
    const conversation = messages as ChatMessage[];
    const asked = conversation.flatMap(({ role }, i) => (role === 'assistant' ? [conversation.slice(0, i)] : []));
    expect(turns.length).toBe(asked.length);
    for (const [i, history] of asked.entries()) {
      const prompt = format.promptSegments(history);
      expect(prompt.map(({ text }) => text).join('')).toBe(turns[i]?.prompt);
    }
    for (const row of format.conversationRows(conversation)) {
      const turn = turns[conversation.slice(0, row.turn).filter(({ role }) => role === 'assistant').length];
      // Behind the response comes at most the end of its line.
      expect(turn?.conversation.trimEnd()).toBe(textOf(row).trimEnd());
    }
  });

  it.each(template.conversations)('[PF4] gives every response of $name its loss, once, and nothing else', (given) => {
    const messages = given.messages as ChatMessage[];
    const words = messages.filter(({ role }) => role === 'assistant').map(({ content }) => content.trim());
    const responses = format.conversationRows(messages).flatMap(responsesOf);
    expect(responses.length).toBe(words.length);
    for (const [i, response] of responses.entries()) {
      // Qwen 3 lays a thought out itself.
      const said = template.name === 'qwen3' ? response.replace(/<think>\n+<\/think>\n+/, '') : response;
      expect(said.replace(end, '').trim()).toBe(words[i]);
      expect(response.endsWith(end)).toBe(true);
      expect(response.split(end).length).toBe(2);
    }
  });

  it.each(template.conversations)('asks with the very tokens that training on $name saw before a response', (given) => {
    const messages = given.messages as ChatMessage[];
    const { examples, dropped } = tokenizeExamples([{ messages }], tokenizer, { maxLength: 512, format });
    expect(dropped).toEqual([]);
    const ends = format.conversationRows(messages).map(({ turn }) => turn);
    expect(examples.length).toBe(ends.length);
    for (const [i, { ids, labels }] of examples.entries()) {
      const withLoss = [...labels].flatMap((label, t) => (label === NO_LOSS ? [] : [t]));
      const prompt = encodePrompt(messages.slice(0, ends[i]), tokenizer, format);
      const isThinking = given.name === 'thoughts' && template.name === 'qwen3';
      if (isThinking) continue;
      expect([...ids.slice(0, prompt.length)]).toEqual(prompt);
      // What is left behind the prompt is response to its end.
      expect(withLoss.slice(-(ids.length - prompt.length))).toEqual(
        Array.from({ length: ids.length - prompt.length }, (_, t) => prompt.length + t),
      );
    }
  });
});

describe('templates that add or change something', () => {
  const formatOf = (name: string) =>
    new ChatFormat(tokenizerWith(expected.templates.find((template) => template.name === name) as Template));
  const chat: ChatMessage[] = [
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'b' },
    { role: 'user', content: 'c' },
    { role: 'assistant', content: 'd' },
  ];

  it('a system message of the template carries no loss (Qwen 2.5, SmolLM2)', () => {
    for (const name of ['qwen2.5-instruct', 'smollm2-instruct']) {
      const [row] = formatOf(name).conversationRows(chat);
      expect(row?.segments[0]).toMatchObject({ isResponse: false });
      expect(row?.segments[0]?.text).toMatch(/^<\|im_start\|>system\nYou are .*<\|im_end\|>\n<\|im_start\|>user\na/s);
      expect(responsesOf(row as ConversationRow)).toEqual(['b<|im_end|>', 'd<|im_end|>']);
    }
  });

  it('Qwen 3 gets a row a response, each answered without a thought, as the model meets it', () => {
    const rows = formatOf('qwen3').conversationRows(chat);
    const noThought = '<think>\n\n</think>\n\n';
    expect(rows.map(({ turn, segments }) => [turn, segments.map(({ text }) => text)])).toEqual([
      [1, [`<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n${noThought}`, 'b<|im_end|>']],
      [
        3,
        [
          `<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n${noThought}`,
          'd<|im_end|>',
        ],
      ],
    ]);
  });

  it('a thought of the text is part of its response, and is not shown in later turns (Qwen 3)', () => {
    const thinking = { role: 'assistant', content: '<think>\nHm.\n</think>\n\nb' } as const;
    const rows = formatOf('qwen3').conversationRows([chat[0] as ChatMessage, thinking, ...chat.slice(2)]);
    expect(rows.map(responsesOf)).toEqual([['<think>\nHm.\n</think>\n\nb<|im_end|>'], ['d<|im_end|>']]);
    expect(textOf(rows[1] as ConversationRow)).not.toContain('Hm.');
  });

  it('a conversation may begin with the assistant, and an answer without words carries no loss', () => {
    const messages: ChatMessage[] = [{ role: 'assistant', content: 'Welcome.' }, ...chat];
    expect(formatOf('smollm2-instruct').conversationRows(messages).flatMap(responsesOf)).toEqual([
      'Welcome.<|im_end|>',
      'b<|im_end|>',
      'd<|im_end|>',
    ]);
    const silent = chat.map((message, i) => (i === 1 ? { ...message, content: ' ' } : message));
    expect(formatOf('smollm2-instruct').conversationRows(silent).flatMap(responsesOf)).toEqual(['d<|im_end|>']);
  });
});
