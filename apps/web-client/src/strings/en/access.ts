import type { ApiKeyView, AuditPage, OperatorAccount, OperatorRole, SessionListEntry } from '@perfit/protocol';
import type { Question } from '../../shared/ui/question.ts';

type Entry = AuditPage['entries'][number];

export const strings = {
  title: 'Access',
  lead: 'Who can view this coordinator, and who can run it. Every change made here is logged.',
  back: 'Federations',
  role: 'Role',
  actions: 'Actions',
  roles: {
    viewer: 'Viewer: sees everything, changes nothing',
    operator: 'Operator: creates and runs federations',
    admin: 'Admin: also manages operators and keys, and sees the log',
  } satisfies Record<OperatorRole, string>,
  once: 'Save it now: it won’t be shown again, and nobody can look it up.',
  copy: 'Copy',
  copied: 'Copied',
  done: 'I’ve saved it',
} as const;

export const sessionStrings = {
  title: 'Sessions',
  lead: 'Browsers that are logged in. End any you don’t recognize.',
  list: 'Sessions',
  columns: { who: 'Name', where: 'Browser', since: 'Since', seen: 'Last active' },
  current: 'this session',
  end: 'End',
  endAll: 'End all my other sessions',
  none: 'No other sessions.',
} as const;

export const passwordStrings = {
  title: 'Your password',
  lead: 'Changing it ends all your other sessions.',
  current: 'Current password',
  next: 'New password',
  hint: 'At least 12 characters.',
  change: 'Change password',
  changed: 'Password changed. Your other sessions have ended.',
} as const;

export const operatorStrings = {
  title: 'Operators',
  lead: 'People with their own name and password.',
  list: 'Operators',
  columns: { name: 'Name', role: 'Role', since: 'Added' },
  name: 'Name',
  add: 'Add operator',
  made: 'Password for',
  remove: 'Remove',
  roleOf: (name: string) => `Role of ${name}`,
  problem: 'Use 1 to 60 characters.',
} as const;

export const keyStrings = {
  title: 'API keys',
  lead: 'For programs, such as perfit federation. Pass a key in the environment variable PERFIT_API_KEY.',
  list: 'API keys',
  columns: { label: 'Label', role: 'Role', expiry: 'Expires', used: 'Last used', by: 'Created by' },
  label: 'Label',
  labelHint: 'What it’s for',
  days: 'Valid for (days)',
  daysHint: 'Leave empty: never expires',
  add: 'Create key',
  made: 'Key',
  revoke: 'Revoke',
  revoked: 'revoked',
  never: 'never',
  none: 'No keys yet.',
  problem: 'Use a label of 1 to 60 characters, and a whole number of days up to 3650.',
} as const;

export const auditStrings = {
  title: 'Audit log',
  lead: 'Who did what, from where, and with what outcome, including what was refused.',
  list: 'Audit log',
  columns: { at: 'Time', who: 'Who', action: 'Action', target: 'Target', outcome: 'Outcome', from: 'Address' },
  only: 'Show',
  all: 'Everything',
  kinds: { 'federation.': 'Federations', 'operator.': 'Operators', 'key.': 'API keys', 'session.': 'Sessions' },
  older: 'Older',
  newest: 'Newest',
  none: 'No entries of this kind.',
} as const;

export function moment(at: string): string {
  return new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}

/** The browser and its system, as far as its name says so. */
export function agentName(agent: string): string {
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)\/[\d.]+/.exec(agent)?.[1];
  const system = /(Windows|Mac OS X|Android|iPhone|Linux)/.exec(agent)?.[1];
  const named = { Edg: 'Edge', OPR: 'Opera' }[browser ?? ''] ?? browser;
  return [named, system].filter(Boolean).join(', ') || agent || 'unknown';
}

export function keyExpiry({ expiresAt, revokedAt }: ApiKeyView): string {
  if (revokedAt) return keyStrings.revoked;
  return expiresAt ? moment(expiresAt) : keyStrings.never;
}

export function actorOf({ actor, actorKind }: Entry): string {
  if (actor === null) return 'not logged in';
  return actorKind === 'key' ? `key “${actor}”` : actor;
}

export function endQuestion({ operator, agent }: SessionListEntry): Question {
  return {
    title: 'End this session?',
    text: `${operator} will have to log in again (${agentName(agent)}).`,
    confirm: 'End session',
  };
}

export function removeQuestion({ name }: OperatorAccount): Question {
  return {
    title: 'Remove this operator?',
    text: `${name} can no longer log in. Their sessions and API keys end now; federations stay.`,
    confirm: 'Remove operator',
  };
}

export function revokeQuestion({ label }: ApiKeyView): Question {
  return {
    title: 'Revoke this key?',
    text: `Programs that use “${label}” will be refused from now on.`,
    confirm: 'Revoke key',
  };
}
