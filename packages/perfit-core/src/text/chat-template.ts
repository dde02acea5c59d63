import { Template } from '@huggingface/jinja';
import { DetailedError } from '../coded-error.ts';
import type { ChatMessage } from './example.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A chat message; `context` is what an instruction is about, for layouts that give it a place of its own. */
export interface PromptMessage extends ChatMessage {
  readonly context?: string;
}

/** A stretch of a rendered conversation that is tokenised by itself, so that a token boundary lies at its ends. */
export interface Segment {
  readonly text: string;
  /** Whether this is a response (PF4): the assistant's words and the token that closes them. */
  readonly isResponse: boolean;
  /** The special token right before this segment, or `null` where ordinary text (or nothing) is. */
  readonly after: string | null;
}

export type ChatTemplateErrorCode = 'chat-template-invalid' | 'chat-template-refused' | 'chat-template-no-response';

export class ChatTemplateError extends DetailedError<ChatTemplateErrorCode> {
  override readonly name = 'ChatTemplateError';
}

/**
 * The prompt of Stanford Alpaca, which FederatedGPT-Shepherd tunes with: for models that have no chat template.
 * A system message goes before it; further turns repeat it without the preamble.
 */
export const ALPACA_TEMPLATE = [
  `{% for message in messages %}`,
  `{% if message['role'] == 'system' %}{{ message['content'] + '\\n\\n' }}`,
  `{% elif message['role'] == 'user' %}`,
  `{% if loop.first or (loop.index0 == 1 and messages[0]['role'] == 'system') %}`,
  `{% if message['context'] %}{{ 'Below is an instruction that describes a task, paired with an input that provides further context. ' }}`,
  `{% else %}{{ 'Below is an instruction that describes a task. ' }}{% endif %}`,
  `{{ 'Write a response that appropriately completes the request.\\n\\n' }}{% endif %}`,
  `{{ '### Instruction:\\n' + message['content'] + '\\n\\n' }}`,
  `{% if message['context'] %}{{ '### Input:\\n' + message['context'] + '\\n\\n' }}{% endif %}`,
  `{{ '### Response:\\n' }}`,
  `{% else %}{{ message['content'] + eos_token }}{% if not loop.last %}{{ '\\n\\n' }}{% endif %}{% endif %}`,
  `{% endfor %}`,
].join('');

/** Stands where a response stood, to see what a template puts around it. No template looks for private-use characters. */
const MARK = '\uE0C4response\uE0C4';

/** Lays conversations out as a model was trained on them, and says which parts are responses. */
export class ChatFormat {
  /** `alpaca` where the model has no template of its own. */
  readonly kind: 'template' | 'alpaca';

  readonly #template: Template;
  readonly #tokens: Readonly<Record<string, string>>;
  /** Special tokens as text, the longest first. */
  readonly #specials: readonly string[];

  /** @throws ChatTemplateError where the template is no Jinja. */
  constructor(tokenizer: Tokenizer) {
    this.kind = tokenizer.chatTemplate === null ? 'alpaca' : 'template';
    try {
      this.#template = new Template(tokenizer.chatTemplate ?? ALPACA_TEMPLATE);
    } catch (cause) {
      throw new ChatTemplateError(
        'chat-template-invalid',
        `The model's chat template cannot be read: ${sentenceOf(cause)}`,
      );
    }
    const eos = tokenizer.eosId === null ? '' : (tokenizer.tokenOf(tokenizer.eosId) ?? '');
    this.#tokens = { bos_token: '', eos_token: eos, ...tokenizer.templateTokens };
    this.#specials = [...new Set([...tokenizer.specialIds, ...tokenizer.endIds])]
      .map((id) => tokenizer.tokenOf(id) ?? '')
      .filter((token) => token !== '')
      .sort((a, b) => b.length - a.length);
  }

  /** The special token that ends a response in this layout, or `null` where none does. */
  closingToken(): string | null {
    const messages: PromptMessage[] = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
    ];
    try {
      return this.#responseSpans(messages, false)[0]?.closing ?? null;
    } catch (error) {
      if (error instanceof ChatTemplateError) return null;
      throw error;
    }
  }

  /** What the assistant is asked to continue. @throws ChatTemplateError where the template refuses the messages. */
  promptSegments(messages: readonly PromptMessage[]): Segment[] {
    const text = this.#render(messages, true);
    return this.#split(text, this.#responseSpans(messages, true), text.length);
  }

  /**
   * A whole conversation up to the token that closes its last response; what templates put after that is never seen
   * in generation. @throws ChatTemplateError where the template refuses the messages, or shows no response.
   */
  conversationSegments(messages: readonly PromptMessage[]): Segment[] {
    const text = this.#render(messages, false);
    const spans = this.#responseSpans(messages, false);
    const last = spans.at(-1);
    if (last === undefined) {
      throw new ChatTemplateError('chat-template-no-response', 'The conversation has no response of the assistant.');
    }
    return this.#split(text, spans, last.end);
  }

  /**
   * Where the responses lie in a rendered conversation. A response begins behind the prompt that generation would
   * start from (the messages before it, with the generation prompt) where the conversation begins with that prompt,
   * and at the assistant's words where it does not; it ends behind the special token that follows these words.
   */
  #responseSpans(messages: readonly PromptMessage[], withGenerationPrompt: boolean): Span[] {
    const text = this.#render(messages, withGenerationPrompt);
    const spans: Span[] = [];
    let end = 0;
    messages.forEach((message, i) => {
      if (message.role !== 'assistant') return;
      const marked = messages.map((other, k) => (k === i ? { ...other, content: MARK } : other));
      const words = wordsBetween(text, this.#render(marked, withGenerationPrompt), i);
      const prompt = this.#render(messages.slice(0, i), true);
      const opensWithPrompt = text.startsWith(prompt) && prompt.length <= words.start && prompt.length >= end;
      const closing = this.#closingAfter(text, words.end);
      const span = {
        start: opensWithPrompt ? prompt.length : words.start,
        end: closing?.end ?? words.end,
        closing: closing?.token ?? null,
      };
      if (span.start < end || span.end <= span.start) throw noResponse(i);
      spans.push(span);
      end = span.end;
    });
    return spans;
  }

  #closingAfter(text: string, from: number): { token: string; end: number } | null {
    const space = /\s*/y;
    space.lastIndex = from;
    space.exec(text);
    const at = space.lastIndex;
    const token = this.#specials.find((special) => text.startsWith(special, at));
    return token === undefined ? null : { token, end: at + token.length };
  }

  #split(text: string, spans: readonly Span[], end: number): Segment[] {
    const segments: Segment[] = [];
    let at = 0;
    let after: string | null = null;
    const add = (to: number, isResponse: boolean) => {
      if (to > at) segments.push({ text: text.slice(at, to), isResponse, after });
      if (to > at) after = null;
      at = to;
    };
    for (const span of spans) {
      add(span.start, false);
      add(span.end, true);
      after = span.closing;
    }
    add(end, false);
    return segments;
  }

  #render(messages: readonly PromptMessage[], withGenerationPrompt: boolean): string {
    const laidOut = messages.map(({ role, content, context }) =>
      this.kind === 'alpaca' || !context ? { role, content, context } : { role, content: `${content}\n\n${context}` },
    );
    try {
      return this.#template.render({
        ...this.#tokens,
        messages: laidOut,
        add_generation_prompt: withGenerationPrompt,
      });
    } catch (cause) {
      throw new ChatTemplateError(
        'chat-template-refused',
        `The model's chat template refuses this conversation: ${sentenceOf(cause)}`,
        { roles: messages.map(({ role }) => role) },
      );
    }
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
  readonly closing: string | null;
}

/** Where the words of message `i` are in the text: what lies before and after the mark in their place, compared. */
function wordsBetween(text: string, marked: string, i: number): { start: number; end: number } {
  const [before, behind, ...more] = marked.split(MARK);
  if (before === undefined || behind === undefined || more.length > 0) throw noResponse(i);
  const start = before.length;
  const end = text.length - behind.length;
  if (end < start || !text.startsWith(before) || !text.endsWith(behind)) throw noResponse(i);
  return { start, end };
}

function noResponse(index: number): ChatTemplateError {
  return new ChatTemplateError(
    'chat-template-no-response',
    `The model's chat template does not show where the response of message ${index + 1} is.`,
    { index },
  );
}

function sentenceOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.endsWith('.') ? text : `${text}.`;
}
