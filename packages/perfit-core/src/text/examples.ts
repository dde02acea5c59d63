import { ChatFormat, ChatTemplateError, type PromptMessage, type Segment } from './chat-template.ts';
import type { ChatMessage, ContinuationExample, ConversationExample, Example, InstructionExample } from './example.ts';
import type { Tokenizer } from './tokenizer.ts';

/** The label of a token that carries no loss. */
export const NO_LOSS = -100;

/** Tokens of one example. */
export interface TokenizedExample {
  /** [T] */
  readonly ids: Int32Array;
  /** [T], aligned with `ids` and not shifted: the id itself where it is response (PF4), else {@link NO_LOSS}. */
  readonly labels: Int32Array;
}

export interface TokenizedDataset {
  readonly examples: readonly TokenizedExample[];
  /** For every tokenised example the index of the example that it was made from. */
  readonly sources: readonly number[];
  /** For every given example how long it is. */
  readonly lengths: readonly ExampleLength[];
  /** Examples that lost tokens, and how many tokens they lost together. */
  readonly cut: { readonly examples: number; readonly promptTokens: number; readonly responseTokens: number };
  readonly dropped: readonly DroppedExample[];
}

/** In tokens, over all rows that an example makes. */
export interface ExampleLength {
  /** Before anything was cut; 0 where the example was dropped. */
  readonly tokens: number;
  /** What T cuts off. */
  readonly cut: number;
  /** Those that are kept and carry loss. */
  readonly response: number;
}

export interface DroppedExample {
  readonly index: number;
  /** Nothing to learn in it, or a conversation that the model's chat template does not take. */
  readonly reason: 'no-response' | 'template';
  readonly message: string;
}

export interface TokenizeOptions {
  /** T: no example has more tokens. */
  readonly maxLength: number;
  /** How conversations are laid out; by default as the tokenizer's model does. */
  readonly format?: ChatFormat;
}

/** Below this a chat template alone fills the row. */
const SHORTEST_MAX_LENGTH = 16;

/**
 * Examples to tokens. A conversation of more than 32 responses is taken as several. Where one is longer than T:
 * 1. a conversation loses its oldest exchanges, the system message excepted, as long as it has more than one;
 * 2. the response keeps what the prompt leaves of T, and at least half of T if it is that long: its end is cut,
 *    with its closing token;
 * 3. the prompt keeps the rest: the end of the context is cut first, then the beginning of the prompt's tokens.
 * Text to be continued is not cut but split into rows of T tokens.
 * @throws RangeError where T is below 16.
 */
export function tokenizeExamples(
  examples: readonly Example[],
  tokenizer: Tokenizer,
  { maxLength, format = new ChatFormat(tokenizer) }: TokenizeOptions,
): TokenizedDataset {
  if (!Number.isInteger(maxLength) || maxLength < SHORTEST_MAX_LENGTH) {
    throw new RangeError(`examples need room for at least ${SHORTEST_MAX_LENGTH} tokens, not ${maxLength}`);
  }
  const rows: TokenizedExample[] = [];
  const sources: number[] = [];
  const lengths: ExampleLength[] = [];
  const dropped: DroppedExample[] = [];
  const cut = { examples: 0, promptTokens: 0, responseTokens: 0 };
  examples.forEach((example, index) => {
    const fitted = fitOrReason(example, { tokenizer, format, maxLength });
    if (!Array.isArray(fitted)) {
      dropped.push({ index, ...fitted });
      lengths.push({ tokens: 0, cut: 0, response: 0 });
      return;
    }
    let kept = 0;
    let lost = 0;
    let response = 0;
    for (const { row, promptCut, responseCut } of fitted) {
      rows.push(row);
      sources.push(index);
      cut.promptTokens += promptCut;
      cut.responseTokens += responseCut;
      kept += row.ids.length;
      lost += promptCut + responseCut;
      for (const label of row.labels) if (label !== NO_LOSS) response++;
    }
    if (lost > 0) cut.examples++;
    lengths.push({ tokens: kept + lost, cut: lost, response });
  });
  return { examples: rows, sources, lengths, cut, dropped };
}

/**
 * The ids that the assistant continues, split as in training, so that generation starts from the tokens that
 * tuning saw. @throws ChatTemplateError
 */
export function encodePrompt(messages: readonly ChatMessage[], tokenizer: Tokenizer, format: ChatFormat): number[] {
  return encodeSegments(format.promptSegments(messages), tokenizer, format).ids;
}

interface Fitting {
  readonly tokenizer: Tokenizer;
  readonly format: ChatFormat;
  readonly maxLength: number;
}

interface Fitted {
  readonly row: TokenizedExample;
  readonly promptCut: number;
  readonly responseCut: number;
}

/** Prompt and last response of an example; earlier responses of a conversation are part of the prompt, with loss. */
interface Encoded {
  readonly ids: number[];
  readonly isResponse: boolean[];
  /** Where the last response begins. */
  readonly promptLength: number;
}

function fitOrReason(example: Example, fitting: Fitting): Fitted[] | Omit<DroppedExample, 'index'> {
  if ('text' in example) return splitText(example, fitting);
  const messages = toMessages(example);
  if (!messages.some(isResponse)) return { reason: 'no-response', message: 'The response has no text.' };
  try {
    return partsOf(messages).flatMap((part) =>
      fitting.format
        .conversationRows(part)
        .map(({ turn, segments }) => fit(part.slice(0, turn + 1), encodeRow(segments, fitting), fitting)),
    );
  } catch (error) {
    if (!(error instanceof ChatTemplateError)) throw error;
    return { reason: 'template', message: error.message };
  }
}

/** What a template makes of a conversation is looked at once a response: the work grows with the square of their number. */
const MAX_RESPONSES = 32;

/** A long conversation as several, each with the system messages of its beginning. */
function partsOf(messages: readonly PromptMessage[]): (readonly PromptMessage[])[] {
  const ends = messages.flatMap((message, i) => (isResponse(message) ? [i + 1] : []));
  if (ends.length <= MAX_RESPONSES) return [messages];
  const opening = messages.slice(
    0,
    messages.findIndex(({ role }) => role !== 'system'),
  );
  const borders = ends.filter((_, k) => (k + 1) % MAX_RESPONSES === 0 || k === ends.length - 1);
  return borders.map((end, k) =>
    k === 0 ? messages.slice(0, end) : [...opening, ...messages.slice(borders[k - 1], end)],
  );
}

/** @param whole the messages as one row, before anything is cut */
function fit(messages: readonly PromptMessage[], whole: Encoded, fitting: Fitting): Fitted {
  const { maxLength } = fitting;
  const recent =
    whole.ids.length > maxLength ? withoutOldExchanges(messages, whole, fitting) : { messages, encoded: whole };
  const responseLength = recent.encoded.ids.length - recent.encoded.promptLength;
  const keptResponse = Math.min(
    responseLength,
    Math.max(maxLength - recent.encoded.promptLength, Math.floor(maxLength / 2)),
  );
  const { encoded } = withShorterContext(recent, maxLength - keptResponse, fitting);
  const room = maxLength - keptResponse;
  const from = Math.max(0, encoded.promptLength - room);
  const to = encoded.promptLength + keptResponse;
  const ids = Int32Array.from(encoded.ids.slice(from, to));
  const labels = ids.map((id, i) => (encoded.isResponse[from + i] ? id : NO_LOSS));
  const responseCut = responseLength - keptResponse;
  return {
    row: { ids, labels },
    promptCut: whole.ids.length - ids.length - responseCut,
    responseCut,
  };
}

interface Candidate {
  readonly messages: readonly PromptMessage[];
  readonly encoded: Encoded;
}

/** The most recent exchanges that fit, at least one; looked for from the end, so that what is dropped costs nothing. */
function withoutOldExchanges(messages: readonly PromptMessage[], whole: Encoded, fitting: Fitting): Candidate {
  const system = messages.filter(({ role }) => role === 'system');
  const turns = messages.filter(({ role }) => role !== 'system');
  const ends = turns.flatMap((message, i) => (isResponse(message) ? [i + 1] : []));
  const count = ends.length;
  const keep = (exchanges: number): Candidate => {
    if (exchanges >= count) return { messages, encoded: whole };
    const recent = [...system, ...turns.slice(ends[count - exchanges - 1])];
    return { messages: recent, encoded: encode(recent, fitting) };
  };
  const fits = ({ encoded }: Candidate) => encoded.ids.length <= fitting.maxLength;
  let best = keep(1);
  let kept = 1;
  let over = count;
  // Doubled until it is too much, then halved towards the most that is not.
  while (fits(best) && over - kept > 1) {
    const next = Math.min(2 * kept, over - 1);
    const candidate = keep(next);
    if (!fits(candidate)) {
      over = next;
      break;
    }
    [best, kept] = [candidate, next];
  }
  while (fits(best) && over - kept > 1) {
    const next = (kept + over) >> 1;
    const candidate = keep(next);
    if (fits(candidate)) [best, kept] = [candidate, next];
    else over = next;
  }
  return best;
}

/** More characters of a context are never looked at for one token that is kept of it. */
const MAX_CHARACTERS_PER_TOKEN = 16;

/** Cuts the end of the context until the prompt has no more than `room` tokens, or until there is no context. */
function withShorterContext(candidate: Candidate, room: number, fitting: Fitting): Candidate {
  const { tokenizer } = fitting;
  const context = candidate.messages.find((message) => message.context !== undefined)?.context;
  if (context === undefined || candidate.encoded.promptLength <= room) return candidate;
  const withContext = (text: string): Candidate => {
    const messages = candidate.messages.map(({ role, content, context: whole }) =>
      whole === undefined || text === '' ? { role, content } : { role, content, context: text },
    );
    return { messages, encoded: encode(messages, fitting) };
  };
  const without = withContext('');
  let kept = room - without.encoded.promptLength;
  if (kept <= 0) return without;
  const head = context.slice(0, kept * MAX_CHARACTERS_PER_TOKEN).replace(/[\uD800-\uDBFF]$/, '');
  const headIds = tokenizer.encodeContinuation(head).slice(0, kept);
  // The layout around a context takes a few tokens as well: the loop meets them.
  for (;;) {
    const text = tokenizer
      .decode(headIds.slice(0, kept))
      .replace(/\uFFFD+$/, '')
      .trimEnd();
    if (text === '') return without;
    const shortened = withContext(text);
    const over = shortened.encoded.promptLength - room;
    if (over <= 0) return shortened;
    kept -= over;
    if (kept <= 0) return without;
  }
}

/** The row that ends with the last response. */
function encode(messages: readonly PromptMessage[], fitting: Fitting): Encoded {
  return encodeRow(fitting.format.lastRow(messages).segments, fitting);
}

function encodeRow(segments: readonly Segment[], { tokenizer, format }: Fitting): Encoded {
  const { ids, isResponse, lastSegmentStart } = encodeSegments(segments, tokenizer, format);
  return { ids, isResponse, promptLength: lastSegmentStart };
}

/**
 * Each segment is tokenised by itself, so that no token spans the border of a prompt and a response. A segment behind
 * a special token is tokenised behind it, since what some tokenizers do at a beginning depends on it.
 */
function encodeSegments(segments: readonly Segment[], tokenizer: Tokenizer, format: ChatFormat) {
  // Chat templates write the opening token themselves.
  const ids: number[] = format.kind === 'alpaca' ? [...tokenizer.openingIds] : [];
  const isResponse: boolean[] = ids.map(() => false);
  let lastSegmentStart = 0;
  segments.forEach((segment, i) => {
    lastSegmentStart = ids.length;
    const added =
      i === 0
        ? tokenizer.encode(segment.text)
        : segment.after === null
          ? tokenizer.encodeContinuation(segment.text)
          : tokenizer.encode(segment.after + segment.text).slice(1);
    for (const id of added) {
      ids.push(id);
      isResponse.push(segment.isResponse);
    }
  });
  return { ids, isResponse, lastSegmentStart };
}

function toMessages(example: InstructionExample | ConversationExample): readonly PromptMessage[] {
  if ('messages' in example) return upToLastResponse(example.messages);
  const { instruction, context, response } = example;
  return [
    { role: 'user', content: instruction, ...(context?.trim() ? { context } : {}) },
    { role: 'assistant', content: response },
  ];
}

function upToLastResponse(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  return messages.slice(0, messages.findLastIndex(isResponse) + 1);
}

/** An answer without words teaches nothing. */
function isResponse({ role, content }: ChatMessage): boolean {
  return role === 'assistant' && content.trim() !== '';
}

function splitText({ text }: ContinuationExample, { tokenizer, maxLength }: Fitting): Fitted[] {
  const opening = tokenizer.openingIds;
  const ids = tokenizer.encode(text);
  const room = maxLength - opening.length;
  const rows: Fitted[] = [];
  for (let start = 0; start < ids.length; start += room) {
    const row = Int32Array.from([...opening, ...ids.slice(start, start + room)]);
    const labels = row.map((id, i) => (i < opening.length ? NO_LOSS : id));
    // A row of one token predicts nothing.
    if (row.length > 1) rows.push({ row: { ids: row, labels }, promptCut: 0, responseCut: 0 });
  }
  return rows;
}
