/** What a field of a record or a column of a table can be for an example. */
export type ColumnRole = 'instruction' | 'context' | 'response' | 'text';

export const COLUMN_ROLES: readonly ColumnRole[] = ['instruction', 'context', 'response', 'text'];

/**
 * What a person says of the columns: the name of the one in a role, or `null` where none is to be. Roles that it does
 * not name, and names that a file does not have, are left to the names that data sets usually give.
 */
export type ColumnMapping = Readonly<Partial<Record<ColumnRole, string | null>>>;

/** The names that data sets give to the parts of an example; earlier ones win. */
const USUAL_NAMES: Readonly<Record<ColumnRole, readonly string[]>> = {
  instruction: ['instruction', 'prompt', 'question'],
  context: ['context', 'input'],
  response: ['response', 'output', 'completion', 'answer'],
  text: ['text'],
};

export const CONVERSATION_NAMES: readonly string[] = ['messages', 'conversations', 'conversation', 'chat_messages'];

/** Names are compared so. */
export function columnKey(name: string): string {
  return name.trim().toLowerCase();
}

/** For each role the keys to look for its text under, the first that has some wins. */
export type ColumnKeys = Readonly<Record<ColumnRole, readonly string[]>> & {
  /** Whether the person named a column that is there, so that a conversation in the record is not what is meant. */
  readonly areNamed: boolean;
  /** Text to be continued is meant, whatever else is there. */
  readonly isText: boolean;
};

/** @param present keys of the columns that there are */
export function columnKeys(present: ReadonlySet<string>, mapping: ColumnMapping): ColumnKeys {
  const named = new Map<ColumnRole, string>();
  for (const role of COLUMN_ROLES) {
    const name = mapping[role];
    if (typeof name === 'string' && present.has(columnKey(name))) named.set(role, columnKey(name));
  }
  const taken = new Set(named.values());
  const keysOf = (role: ColumnRole): string[] => {
    const key = named.get(role);
    if (key !== undefined) return [key];
    return mapping[role] === null ? [] : USUAL_NAMES[role].filter((name) => !taken.has(name));
  };
  return {
    instruction: keysOf('instruction'),
    context: keysOf('context'),
    response: keysOf('response'),
    text: keysOf('text'),
    areNamed: named.size > 0,
    isText: named.has('text') && !named.has('response'),
  };
}

/** Whether records with these keys can be examples at all. */
export function hasUsableColumn(present: ReadonlySet<string>, mapping: ColumnMapping): boolean {
  const keys = columnKeys(present, mapping);
  const isThere = (key: string) => present.has(key);
  return COLUMN_ROLES.some((role) => keys[role].some(isThere)) || CONVERSATION_NAMES.some(isThere);
}

/** A column of a file, with some of what is in it, so that a person can say what it is. */
export interface DatasetColumn {
  /** As the file has it. */
  readonly name: string;
  /** Up to three that are not empty, cut short. */
  readonly samples: readonly string[];
}

/** What each role's text is taken from in a file: a column's name, or `null`. */
export type ColumnRoles = Readonly<Record<ColumnRole, string | null>>;

export const NO_ROLES: ColumnRoles = { instruction: null, context: null, response: null, text: null };

export function columnRoles(columns: readonly DatasetColumn[], mapping: ColumnMapping): ColumnRoles {
  const names = new Map(columns.map(({ name }) => [columnKey(name), name]));
  const keys = columnKeys(new Set(names.keys()), mapping);
  const isConversation = !keys.areNamed && CONVERSATION_NAMES.some((name) => names.has(name));
  const roleOf = (role: ColumnRole) => names.get(keys[role].find((key) => names.has(key)) ?? '') ?? null;
  if (isConversation) return NO_ROLES;
  if (keys.isText) return { ...NO_ROLES, text: roleOf('text') };
  const roles = { instruction: roleOf('instruction'), context: roleOf('context'), response: roleOf('response') };
  return { ...roles, text: roles.response === null ? roleOf('text') : null };
}

const LOOKED_AT = 200;
const MAX_COLUMNS = 64;
const SAMPLES = 3;
const SAMPLE_LENGTH = 80;

/** The columns of the first records, in the order in which they appear. */
export function columnsOf(records: readonly unknown[]): DatasetColumn[] {
  const samples = new Map<string, string[]>();
  for (const record of records.slice(0, LOOKED_AT)) {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) continue;
    for (const [name, value] of Object.entries(record)) {
      if (!samples.has(name) && samples.size >= MAX_COLUMNS) continue;
      const found = samples.get(name) ?? [];
      samples.set(name, found);
      const sample = found.length < SAMPLES ? sampleOf(value) : '';
      if (sample !== '') found.push(sample);
    }
  }
  return [...samples].map(([name, found]) => ({ name, samples: found }));
}

function sampleOf(value: unknown): string {
  const text = typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value);
  const line = text
    .slice(0, 4 * SAMPLE_LENGTH)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > SAMPLE_LENGTH ? `${line.slice(0, SAMPLE_LENGTH - 1).replace(/[\uD800-\uDBFF]$/, '')}…` : line;
}
