import { CONVERSATION_NAMES, type ColumnMapping, type ColumnRole, columnKey, columnKeys } from './dataset-columns.ts';
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

const ROLES: Readonly<Record<string, Role>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  model: 'assistant',
  bot: 'assistant',
};

/**
 * A record to an example: dolly (instruction, context, response), Alpaca (instruction, input, output), prompt and
 * completion, question and answer, messages in OpenAI's or ShareGPT's form, or text alone; or as the mapping says.
 */
export function recordToExample(record: unknown, mapping: ColumnMapping = {}): Example | RecordProblem {
  if (typeof record === 'string') return record.trim() === '' ? noResponse([]) : { text: record.trim() };
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    return new RecordProblem('not-an-object', 'This is not an object with named fields.');
  }
  const fields = new Map(Object.entries(record).map(([name, value]) => [columnKey(name), value]));
  const keys = columnKeys(new Set(fields.keys()), mapping);
  const messages = keys.areNamed ? undefined : firstOf(fields, CONVERSATION_NAMES);
  if (messages !== undefined) return messagesToExample(messages);
  const part = (role: ColumnRole) => asText(firstOf(fields, keys[role]));
  const response = keys.isText ? '' : part('response');
  const given = keys.isText ? '' : part('instruction');
  const input = part('context');
  if (response === '') {
    const text = part('text');
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
    const role = roleOf(message);
    if (role === undefined) return bad(`Message ${i + 1} has a role other than system, user and assistant.`);
    messages.push({ role, content: asText(joinedParts(message.content ?? message.value ?? message.text)) });
  }
  if (!messages.some(({ role, content }) => role === 'assistant' && content !== '')) {
    return bad('No message of the assistant has text.');
  }
  return { messages };
}

function roleOf(message: Readonly<Record<string, unknown>>): Role | undefined {
  const name = String(message.role ?? message.from ?? message.sender ?? '').toLowerCase();
  return Object.hasOwn(ROLES, name) ? ROLES[name] : undefined;
}

/** Whether these records are the messages of one conversation, one after another. */
export function areMessages(records: readonly unknown[]): boolean {
  const isMessage = (record: unknown) =>
    typeof record === 'object' &&
    record !== null &&
    ['content', 'value', 'text'].some((name) => name in record) &&
    roleOf(record as Record<string, unknown>) !== undefined;
  return records.length > 1 && records.every(isMessage);
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
