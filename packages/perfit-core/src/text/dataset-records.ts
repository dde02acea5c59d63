import type { ChatMessage, Example, Role } from './example.ts';

export type RecordProblemCode =
  | 'bad-json'
  | 'not-an-object'
  | 'no-instruction'
  | 'no-response'
  | 'bad-messages'
  | 'bad-row';

/** Why a record gives no example. */
export class RecordProblem {
  readonly code: RecordProblemCode;
  readonly message: string;

  constructor(code: RecordProblemCode, message: string) {
    this.code = code;
    this.message = message;
  }
}

/** The names that data sets give to the parts of an example; earlier ones win. */
const FIELDS = {
  instruction: ['instruction', 'prompt', 'question'],
  context: ['context', 'input'],
  response: ['response', 'output', 'completion', 'answer'],
  messages: ['messages', 'conversations', 'conversation'],
  text: ['text'],
} as const;

export const KNOWN_FIELDS: ReadonlySet<string> = new Set(Object.values(FIELDS).flat());

const ROLES: Readonly<Record<string, Role>> = {
  system: 'system',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
};

/**
 * A record to an example: dolly (instruction, context, response), Alpaca (instruction, input, output), prompt and
 * completion, question and answer, messages in OpenAI's or ShareGPT's form, or text alone.
 */
export function recordToExample(record: unknown): Example | RecordProblem {
  if (typeof record === 'string') return record.trim() === '' ? noResponse([]) : { text: record.trim() };
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    return new RecordProblem('not-an-object', 'This is not an object with named fields.');
  }
  const fields = new Map(Object.entries(record).map(([key, value]) => [key.trim().toLowerCase(), value]));
  const messages = firstOf(fields, FIELDS.messages);
  if (messages !== undefined) return messagesToExample(messages);
  const part = (names: readonly string[]) => asText(firstOf(fields, names));
  const response = part(FIELDS.response);
  const given = part(FIELDS.instruction);
  const input = part(FIELDS.context);
  if (response === '') {
    const text = part(FIELDS.text);
    return text !== '' && given === '' ? { text } : noResponse([...fields.keys()]);
  }
  const instruction = given === '' ? input : given;
  if (instruction === '') {
    return new RecordProblem(
      'no-instruction',
      `There is no instruction; the fields are ${listed([...fields.keys()])}.`,
    );
  }
  return given === '' || input === '' ? { instruction, response } : { instruction, context: input, response };
}

function messagesToExample(value: unknown): Example | RecordProblem {
  const bad = (sentence: string) => new RecordProblem('bad-messages', sentence);
  if (!Array.isArray(value)) return bad('The messages are not a list.');
  const messages: ChatMessage[] = [];
  for (const [i, message] of value.entries()) {
    if (typeof message !== 'object' || message === null) return bad(`Message ${i + 1} is not an object.`);
    const name = String(message.role ?? message.from ?? '').toLowerCase();
    const role = Object.hasOwn(ROLES, name) ? ROLES[name] : undefined;
    if (role === undefined) return bad(`Message ${i + 1} has a role other than system, user and assistant.`);
    messages.push({ role, content: asText(joinedParts(message.content ?? message.value)) });
  }
  if (!messages.some(({ role, content }) => role === 'assistant' && content !== '')) {
    return bad('No message of the assistant has text.');
  }
  return { messages };
}

/** OpenAI's content may be a list of parts, of which we take the text. */
function joinedParts(content: unknown): unknown {
  if (!Array.isArray(content)) return content;
  return content.map((part) => (typeof part === 'object' && part !== null ? asText(part.text) : asText(part))).join('');
}

function firstOf(fields: ReadonlyMap<string, unknown>, names: readonly string[]): unknown {
  for (const name of names) {
    const value = fields.get(name);
    if (value !== undefined && value !== null && value !== '') return value;
  }
  return undefined;
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value.replace(/\r\n?/g, '\n').trim();
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function noResponse(keys: readonly string[]): RecordProblem {
  return new RecordProblem('no-response', `There is no response; the fields are ${listed(keys)}.`);
}

function listed(keys: readonly string[]): string {
  if (keys.length === 0) return 'none';
  const shown = keys.slice(0, 8).map((key) => `"${key.slice(0, 40)}"`);
  return keys.length > shown.length ? `${shown.join(', ')} and more` : shown.join(', ');
}
