import { areMessages, RecordProblem } from './dataset-records.ts';

/** A record as the file has it, or why it could not be read. */
export interface RawRecord {
  /** 1 is the first line of the file. */
  readonly line: number;
  readonly value: unknown;
}

/** One JSON value a line; blank lines are passed over. */
export function readJsonLines(text: string): RawRecord[] {
  return text
    .split('\n')
    .map((source, i) => ({ line: i + 1, source }))
    .filter(({ source }) => source.trim() !== '')
    .map(({ line, source }) => ({ line, value: parseOr(source) }));
}

/**
 * The elements of a JSON array, each parsed by itself: a broken one costs only itself, and each has its line.
 * Begins at the text's first bracket.
 */
function readJsonArray(text: string): RawRecord[] {
  const records: RawRecord[] = [];
  const closers: string[] = [];
  let line = 1;
  let start = -1;
  let startLine = 1;
  let isInString = false;
  const finish = (end: number) => {
    if (start >= 0) records.push({ line: startLine, value: parseOr(text.slice(start, end)) });
    start = -1;
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '\n') line++;
    if (isInString) {
      if (character === '\\') at++;
      else if (character === '"') isInString = false;
      continue;
    }
    if (closers.length === 0) {
      if (character === '[') closers.push(']');
      continue;
    }
    if (closers.length === 1 && (character === ',' || character === ']')) {
      finish(at);
      if (character === ']') return records;
      continue;
    }
    if (start < 0 && !isSpace(character)) [start, startLine] = [at, line];
    if (character === '"') isInString = true;
    else if (character === '{') closers.push('}');
    else if (character === '[') closers.push(']');
    else if (closers.length > 1 && character === closers.at(-1)) closers.pop();
  }
  finish(text.length);
  return records;
}

/** The array of records that a JSON text holds: itself, or the one that an object has under a usual name. */
export function readJson(text: string): RawRecord[] {
  const trimmed = text.trimStart();
  if (trimmed.startsWith('[')) return readJsonArray(text);
  const whole = parseOr(text);
  if (whole instanceof RecordProblem) return readJsonLines(text);
  if (typeof whole === 'object' && whole !== null) {
    for (const name of ['data', 'examples', 'rows', 'train', 'conversations', 'chats']) {
      const list = (whole as Record<string, unknown>)[name];
      if (Array.isArray(list) && !areMessages(list)) return list.map((value) => ({ line: 1, value }));
    }
  }
  return [{ line: 1, value: whole }];
}

/** Records that are the messages of one conversation as that conversation; others as they are. */
export function joinMessages(records: RawRecord[]): RawRecord[] {
  const messages = records.map(({ value }) => value);
  return areMessages(messages) ? [{ line: records[0]?.line ?? 1, value: { messages } }] : records;
}

function parseOr(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return new RecordProblem('bad-json', 'This is not valid JSON.');
  }
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\n' || character === '\t' || character === '\r';
}
