import { DetailedError } from '../coded-error.ts';
import { BoundedTemplate, TemplateBoundError } from './bounded-template.ts';
import type { ChatMessage } from './example.ts';
import { FIXED_DATE, strftimeOfFixedDate } from './template-date.ts';

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

export type ChatTemplateErrorCode =
  | 'chat-template-invalid'
  | 'chat-template-refused'
  | 'chat-template-endless'
  | 'chat-template-no-response';

export class ChatTemplateError extends DetailedError<ChatTemplateErrorCode> {
  override readonly name = 'ChatTemplateError';
}

/**
 * The prompt of Stanford Alpaca, which FederatedGPT-Shepherd tunes with: for models that have no chat template.
 * A system message goes before it; further turns repeat it without the preamble.
 */
const ALPACA_TEMPLATE = [
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

/** What a layout needs of a model's tokenizer. */
export interface TemplateTokenizer {
  /** Jinja source, or `null` where the model has none. */
  readonly chatTemplate: string | null;
  /** The special tokens as text, under the names that chat templates know. */
  readonly templateTokens: Readonly<Record<string, string>>;
  /** Tokens that end a text by themselves; the first is what a text ends with. */
  readonly endTokens: readonly string[];
  /** Control tokens, as text. */
  readonly specialTokens: readonly string[];
}

/** The shortest conversation that shows how a template lays an answer out. */
const PROBE: readonly PromptMessage[] = [
  { role: 'user', content: 'a' },
  { role: 'assistant', content: 'b' },
];

/** A conversation as one row of tokens, up to the end of one of its responses. */
export interface ConversationRow {
  /** The index of the message that it ends with. */
  readonly turn: number;
  readonly segments: readonly Segment[];
}

/** Lays conversations out as a model was trained on them, and says which parts are responses. */
export class ChatFormat {
  /** `alpaca` where the model has no template of its own. */
  readonly kind: 'template' | 'alpaca';

  readonly #template: BoundedTemplate;
  readonly #mayThink: boolean;
  readonly #tokens: Readonly<Record<string, string>>;
  /** Special tokens as text, the longest first. */
  readonly #specials: readonly string[];
  /** What ends a text; empty where there is no such token. */
  readonly #eos: string;

  /** @throws ChatTemplateError where the template is no Jinja. */
  constructor(tokenizer: TemplateTokenizer) {
    this.kind = tokenizer.chatTemplate === null ? 'alpaca' : 'template';
    const source = tokenizer.chatTemplate ?? ALPACA_TEMPLATE;
    try {
      this.#template = new BoundedTemplate(source);
    } catch (cause) {
      if (cause instanceof TemplateBoundError) throw unusable(cause);
      // The library runs out of words where a template does.
      const why = cause instanceof TypeError ? 'it ends within a statement.' : reasonOf(cause);
      throw new ChatTemplateError('chat-template-invalid', `The model's chat template cannot be read: ${why}`);
    }
    this.#mayThink = source.includes('enable_thinking');
    this.#eos = tokenizer.endTokens[0] ?? '';
    this.#tokens = { bos_token: '', eos_token: this.#eos, ...tokenizer.templateTokens };
    this.#specials = [...new Set([...tokenizer.specialTokens, ...tokenizer.endTokens])]
      .filter((token) => token !== '')
      .sort((a, b) => b.length - a.length);
  }

  /** The special token that ends a response in this layout, or `null` where none does. */
  closingToken(): string | null {
    return unlessRefused<string | null>(
      () => this.#lastResponse(PROBE).span.closing,
      () => null,
    );
  }

  /** What a person should know of this layout before they tune or talk with it, in sentences. */
  notes(): string[] {
    const look = () => {
      const { span, isContinuation } = this.#lastResponse(PROBE);
      const notes: string[] = [];
      if (span.closing === null) {
        notes.push(
          this.#eos === ''
            ? "The model's chat template has nothing that ends an answer, and its tokenizer has no such token: answers end where the next question would begin, or at their longest."
            : `The model's chat template has nothing that ends an answer: ${this.#eos} is put behind what is learned, so that answers end.`,
        );
      }
      if (!isContinuation) {
        notes.push(
          "The model's chat template asks for an answer in another way than it shows one: an answer is learned from its first word on, without what the model is given before it.",
        );
      }
      return notes;
    };
    return unlessRefused(look, ({ message }) => [message]);
  }

  /**
   * What this layout writes between a response and what the user says next, where that is text: where no token ends a
   * response, a model goes on with it. @returns one or none
   */
  turnBorders(): string[] {
    const question = `${MARK}question`;
    const messages: PromptMessage[] = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: MARK },
      { role: 'user', content: question },
    ];
    const text = unlessRefused(
      () => this.#render(messages),
      () => '',
    );
    const from = text.indexOf(MARK);
    const to = text.indexOf(question, from + MARK.length);
    const border = from < 0 || to < 0 ? '' : text.slice(from + MARK.length, to).trimEnd();
    return border === '' ? [] : [border];
  }

  /**
   * What the assistant is asked to continue, without a thought of its own where the template lets one choose (Qwen 3):
   * people's responses have none. @throws ChatTemplateError where the template refuses the messages.
   */
  promptSegments(messages: readonly PromptMessage[]): Segment[] {
    const text = this.#render(messages, { isPrompt: true });
    const responses = this.#responses(messages);
    return splitText(text, spansWithin(text, responses, responses.count) ?? [], text.length);
  }

  /**
   * A conversation up to the tokens that close its responses; what templates put after the last one is never seen in
   * generation. One row holds all responses where the template lays each out as if it were the last. Where it does not
   * (Qwen 3 shows a thought in the last response only), a response gets a row of its own, in the layout that the model
   * meets when it answers, and what came before it is prompt.
   * @returns at least one row   @throws ChatTemplateError where the template refuses the messages, or shows no response.
   */
  conversationRows(messages: readonly PromptMessage[]): ConversationRow[] {
    const responses = this.#responses(messages);
    const rows: ConversationRow[] = [];
    for (let k = responses.count - 1; k >= 0; k--) {
      const { row, isWhole } = rowOf(responses, k);
      rows.unshift(row);
      if (isWhole) return rows;
    }
    return rows.length > 0 ? rows : [this.lastRow(messages)];
  }

  /** The last of the {@link conversationRows}, without the work for the others. @throws ChatTemplateError */
  lastRow(messages: readonly PromptMessage[]): ConversationRow {
    const responses = this.#responses(messages);
    return rowOf(responses, responses.count - 1).row;
  }

  /** Every response with words, each in the conversation that ends with it; laid out when it is asked for. */
  #responses(messages: readonly PromptMessage[]): Responses {
    const turns = messages.flatMap(({ role, content }, turn) =>
      role === 'assistant' && content.trim() !== '' ? [turn] : [],
    );
    const known: (Response | undefined)[] = [];
    return {
      count: turns.length,
      ending: this.#eos,
      at: (k) => {
        known[k] ??= this.#lastResponse(messages.slice(0, (turns[k] as number) + 1));
        return known[k];
      },
    };
  }

  /**
   * Where the last message lies in a conversation that ends with it. It begins behind the prompt that generation would
   * start from (the messages before it, with the generation prompt) where the conversation begins with that prompt, and
   * at the assistant's words where it does not; it ends behind the special token that follows these words.
   */
  #lastResponse(messages: readonly PromptMessage[]): Response {
    const turn = messages.length - 1;
    const text = this.#render(messages);
    const marked = messages.map((message, k) => (k === turn ? { ...message, content: MARK } : message));
    const [before, behind, ...more] = this.#render(marked).split(MARK);
    if (before === undefined || behind === undefined || more.length > 0 || !text.endsWith(behind)) {
      throw noResponse(turn);
    }
    const wordsEnd = text.length - behind.length;
    const prompt = this.#promptOf(text.slice(0, wordsEnd), messages.slice(0, turn));
    if (prompt === null && !text.startsWith(before)) throw noResponse(turn);
    const closing = this.#closingAfter(text, wordsEnd);
    const span = {
      start: prompt?.length ?? before.length,
      end: closing?.end ?? wordsEnd,
      closing: closing?.token ?? null,
    };
    if (span.end <= span.start) throw noResponse(turn);
    return { turn, text, span, isContinuation: prompt !== null };
  }

  /** The prompt of `history` that a text begins with; a response with a thought begins with the prompt to think. */
  #promptOf(text: string, history: readonly PromptMessage[]): string | null {
    if (history.length === 0) return null;
    const plain = this.#render(history, { isPrompt: true });
    if (text.startsWith(plain)) return plain;
    if (!this.#mayThink) return null;
    const thinking = this.#render(history, { isPrompt: true, thinks: true });
    return text.startsWith(thinking) ? thinking : null;
  }

  #closingAfter(text: string, from: number): { token: string; end: number } | null {
    const space = /\s*/y;
    space.lastIndex = from;
    space.exec(text);
    const at = space.lastIndex;
    const token = this.#specials.find((special) => text.startsWith(special, at));
    return token === undefined ? null : { token, end: at + token.length };
  }

  #render(
    messages: readonly PromptMessage[],
    { isPrompt = false, thinks = false }: { readonly isPrompt?: boolean; readonly thinks?: boolean } = {},
  ): string {
    const laidOut = messages.map(({ role, content, context }) =>
      this.kind === 'alpaca' || !context ? { role, content, context } : { role, content: `${content}\n\n${context}` },
    );
    try {
      return this.#template.render(laidOut, {
        ...this.#tokens,
        add_generation_prompt: isPrompt,
        enable_thinking: thinks,
        date_string: FIXED_DATE,
        strftime_now: strftimeOfFixedDate,
      });
    } catch (cause) {
      if (cause instanceof TemplateBoundError) throw unusable(cause);
      throw new ChatTemplateError(
        'chat-template-refused',
        `The model's chat template refuses this conversation: ${reasonOf(cause)}`,
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

interface Response {
  /** The index of its message. */
  readonly turn: number;
  /** The conversation that ends with it. */
  readonly text: string;
  /** Where it lies in that. */
  readonly span: Span;
  /** Whether it goes on from the prompt that generation would start from. */
  readonly isContinuation: boolean;
}

interface Responses {
  readonly count: number;
  readonly at: (k: number) => Response;
  /** What is put behind a row whose response the template does not end, so that a model learns to end it. */
  readonly ending: string;
}

/** What a look at a template finds, or what is made of its refusal. */
export function unlessRefused<Found>(look: () => Found, otherwise: (refusal: ChatTemplateError) => Found): Found {
  try {
    return look();
  } catch (error) {
    if (error instanceof ChatTemplateError) return otherwise(error);
    throw error;
  }
}

/** The row that ends with response `k`; whole where it holds all responses before it as well. */
function rowOf(responses: Responses, k: number): { row: ConversationRow; isWhole: boolean } {
  if (k < 0) {
    throw new ChatTemplateError('chat-template-no-response', 'The conversation has no response of the assistant.');
  }
  const { turn, text, span } = responses.at(k);
  const earlier = spansWithin(text, responses, k);
  const ended = span.closing === null ? text.slice(0, span.end) + responses.ending : text;
  const last = span.closing === null ? { ...span, end: ended.length } : span;
  return {
    row: { turn, segments: splitText(ended, [...(earlier ?? []), last], last.end) },
    isWhole: earlier !== null,
  };
}

/** Where the first `count` responses lie in a text that goes on from each, or `null` where it shows one in another way. */
function spansWithin(text: string, responses: Responses, count: number): Span[] | null {
  const spans: Span[] = [];
  for (let k = count - 1; k >= 0; k--) {
    const { text: shown, span } = responses.at(k);
    if (!text.startsWith(shown.slice(0, span.end))) return null;
    spans.unshift(span);
  }
  return spans;
}

function splitText(text: string, spans: readonly Span[], end: number): Segment[] {
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

function noResponse(index: number): ChatTemplateError {
  return new ChatTemplateError(
    'chat-template-no-response',
    `The model's chat template does not show where the response of message ${index + 1} is.`,
    { index },
  );
}

function unusable({ message }: TemplateBoundError): ChatTemplateError {
  return new ChatTemplateError('chat-template-endless', `The model's chat template cannot be used: ${message}`);
}

const LONGEST_REASON = 300;

/** A template's own words or the library's, as a sentence can hold them. */
function reasonOf(cause: unknown): string {
  if (cause instanceof RangeError && /stack|string length/.test(cause.message)) {
    return /stack/.test(cause.message) ? 'it is nested too deep.' : 'it makes a text of millions of characters.';
  }
  const plain = (cause instanceof Error ? cause.message : String(cause)).replaceAll(/\p{C}/gu, ' ').trim();
  const short = plain.length <= LONGEST_REASON ? plain : `${plain.slice(0, LONGEST_REASON)}…`;
  return /[.…!?]$/.test(short) ? short : `${short}.`;
}
