import type { ApiKeyView, AuditPage, OperatorAccount, OperatorRole, SessionListEntry } from '@perfit/protocol';
import type { Question } from '../../shared/ui/confirm.tsx';

type Entry = AuditPage['entries'][number];

export const strings = {
  title: 'Access',
  lead: 'Who may look at this coordinator, and who may run it. Everything that is changed here is in the log below.',
  back: 'Federations',
  role: 'Role',
  actions: 'What can be done',
  roles: {
    viewer: 'Viewer: sees everything, changes nothing',
    operator: 'Operator: makes and runs federations',
    admin: 'Admin: also operators, keys and this log',
  } satisfies Record<OperatorRole, string>,
  once: 'Write it down now: it is not shown again, and nobody can look it up.',
  copy: 'Copy',
  copied: 'Copied',
  done: 'I have it',
} as const;

export const sessionStrings = {
  title: 'Sessions',
  lead: 'Browsers that are signed in. End those that you do not know.',
  list: 'Sessions',
  columns: { who: 'Who', where: 'Where', since: 'Since', seen: 'Last seen' },
  current: 'this one',
  end: 'End',
  endAll: 'End all of mine but this one',
  none: 'Nobody else is signed in.',
} as const;

export const passwordStrings = {
  title: 'Your password',
  lead: 'A new one ends all your other sessions.',
  current: 'Password now',
  next: 'New password',
  hint: 'At least 12 characters.',
  change: 'Change it',
  changed: 'It is changed. Your other sessions have ended.',
} as const;

export const operatorStrings = {
  title: 'Operators',
  lead: 'People with a name and a password of their own.',
  list: 'Operators',
  columns: { name: 'Name', role: 'Role', since: 'Since' },
  name: 'Name',
  add: 'Add an operator',
  made: 'Password for',
  remove: 'Remove',
  roleOf: (name: string) => `Role of ${name}`,
  problem: 'A name has 1 to 60 characters.',
} as const;

export const keyStrings = {
  title: 'API keys',
  lead: 'For programs, such as perfit federation. A key goes into the environment as PERFIT_API_KEY.',
  list: 'API keys',
  columns: { label: 'Label', role: 'Role', expiry: 'Until', used: 'Last used', by: 'Made by' },
  label: 'Label',
  labelHint: 'What it is for.',
  days: 'Days',
  daysHint: 'Empty: until it is revoked.',
  add: 'Make a key',
  made: 'Key',
  revoke: 'Revoke',
  revoked: 'revoked',
  never: 'never',
  none: 'There is no key.',
  problem: 'A label has 1 to 60 characters; days are a whole number up to 3650.',
} as const;

export const auditStrings = {
  title: 'What was done',
  lead: 'Who did what to what, from where, and what came of it; also what was refused.',
  list: 'Audit log',
  columns: { at: 'When', who: 'Who', action: 'What', target: 'To what', outcome: 'Outcome', from: 'From' },
  only: 'Only',
  all: 'everything',
  kinds: { 'federation.': 'federations', 'operator.': 'operators', 'key.': 'API keys', 'session.': 'sessions' },
  older: 'Older',
  newest: 'Newest',
  none: 'Nothing of this kind was done.',
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
  return expiresAt ? moment(expiresAt) : 'it is revoked';
}

export function actorOf({ actor, actorKind }: Entry): string {
  if (actor === null) return 'not logged in';
  return actorKind === 'key' ? `key “${actor}”` : actor;
}

export function endQuestion({ operator, agent }: SessionListEntry): Question {
  return {
    title: 'End this session?',
    text: `${operator} in ${agentName(agent)} has to sign in again.`,
    confirm: 'End it',
  };
}

export function removeQuestion({ name }: OperatorAccount): Question {
  return {
    title: 'Remove this operator?',
    text: `${name} cannot sign in any more; sessions and API keys of ${name} end now. Federations stay.`,
    confirm: 'Remove',
  };
}

export function revokeQuestion({ label }: ApiKeyView): Question {
  return {
    title: 'Revoke this key?',
    text: `Programs that use “${label}” are turned away from now on.`,
    confirm: 'Revoke it',
  };
}
