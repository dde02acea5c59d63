import { formatBytes, formatCount } from '../../shared/format/format-number.ts';

export const strings = {
  title: 'History',
  lead: 'The federations you’ve taken part in with this browser. All of it is on this device only: clearing the browser’s data for this site deletes it.',
  failed: 'Could not read what this browser has saved',

  empty: 'Nothing yet',
  emptyHint: 'Once you take part in a federation, it’s listed here with your model and the ledger of what was sent.',
  toFederations: 'See federations',

  standings: {
    running: 'In progress',
    interrupted: 'Interrupted',
    finished: 'Finished',
    left: 'Left',
  },
  facts: {
    when: 'Started',
    rounds: 'Rounds you took part in',
    perplexity: 'Perplexity: base → yours',
    exchanged: 'Sent and received',
    kept: 'Stored here',
    unknown: '–',
  },
  noModel: 'No personal model yet.',
  open: 'Open',
  goOn: 'Continue',
  model: 'Open model',
  ledger: 'View ledger',
  delete: 'Delete',
  undo: 'Undo',
  inUse: 'In use in another tab. Leave it there to delete it here.',

  consent: 'What you agreed to',
  shared: 'You share how well the model does on your text.',
  notShared: 'You don’t share how well the model does on your text.',

  begunTitle: 'Not started',
  begun: 'You began to join but didn’t start. A key created for it is stored here.',
  unreadableTitle: 'Can’t be read',
  unreadable:
    'It was saved by another version of this page, or it’s damaged. It can no longer be used and can be deleted.',

  really: {
    title: 'Delete this federation from this browser?',
    text: 'Its key, text, mask, model and ledger are deleted from this device. What the coordinator has isn’t touched. If you come back, you’ll join as someone new.',
    keep: 'Keep it',
    confirm: 'Delete it',
    failed: 'That didn’t work',
  },

  all: {
    title: 'Delete everything',
    lead: 'Everything this site stores in this browser: all federations with their keys, texts, models and ledgers, the downloaded models, exports, settings, and the offline copy of the page.',
    button: 'Delete everything…',
    really: 'Delete everything from this site?',
    text: 'This can’t be undone. Adapters you haven’t saved elsewhere are lost. What coordinators have isn’t touched. Type “delete” to confirm.',
    word: 'delete',
    label: 'Confirmation',
    keep: 'Keep everything',
    confirm: 'Delete everything',
    failed: 'Could not delete everything',
    done: 'Everything was deleted',
  },

  page: {
    back: 'All federations',
    ledgerOf: 'Ledger of',
    nothing: 'This browser has no ledger for this federation.',
  },
} as const;

/** Whose seat it is, and who asked for it. */
export function byline(name: string, host: string | null, site: string): string {
  return host === null ? `as ${name}, at ${site}` : `as ${name}, run by ${host}, at ${site}`;
}

export function day(at: number): string {
  return new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}

export function roundsOf(rounds: number, of: number | null): string {
  return of === null ? formatCount(rounds) : `${formatCount(rounds)} of ${formatCount(of)}`;
}

export function exchanged(up: number, down: number): string {
  return `${formatBytes(up)}, ${formatBytes(down)}`;
}

export function agreedAt(at: number): string {
  return `On ${day(at)} you agreed to this:`;
}

export function deleteLabel(name: string): string {
  return `Delete ${name}`;
}

/** After a federation was deleted from this browser. */
export function deletedLine(name: string, canUndo: boolean): string {
  return canUndo
    ? `${name} is deleted. Until you leave this page, you can undo that.`
    : `${name} is deleted. There was no room in this browser to keep it for an undo.`;
}

/** What was deleted, item by item. */
export function deleted(of: {
  readonly seats: number;
  readonly models: number;
  readonly bytes: number | null;
}): readonly string[] {
  const seats = of.seats === 1 ? '1 federation' : `${formatCount(of.seats)} federations`;
  const models = of.models === 1 ? '1 downloaded model' : `${formatCount(of.models)} downloaded models`;
  return [
    `${seats}, with key, text, mask, model and ledger`,
    `${models}, and files written for exports`,
    'settings and invites for this site',
    'the offline copy of the page',
    ...(of.bytes ? [`about ${formatBytes(of.bytes)} in total`] : []),
  ];
}
