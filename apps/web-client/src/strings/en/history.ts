import { formatBytes, formatCount } from '../../shared/format/format-number.ts';

export const strings = {
  title: 'History',
  lead: 'The federations that this browser has taken part in. All of it is on this device only: whoever clears the browser’s data for this site deletes it.',
  failed: 'What this browser keeps could not be read',

  empty: 'Nothing yet',
  emptyHint: 'Once you take part in a federation it is listed here, with your model and the ledger of what was sent.',
  toFederations: 'See the federations',

  standings: {
    running: 'Under way',
    interrupted: 'Interrupted',
    finished: 'Finished',
    left: 'Stopped',
  },
  facts: {
    when: 'Begun',
    rounds: 'Rounds you took part in',
    perplexity: 'Perplexity, base and yours',
    exchanged: 'Sent and received',
    kept: 'Kept here',
    unknown: '–',
  },
  noModel: 'There is no personal model yet.',
  open: 'Open',
  goOn: 'Go on',
  model: 'Model and adapter',
  ledger: 'Ledger',
  delete: 'Delete',
  inUse: 'Another tab is at work with it. Stop it there to delete it here.',

  consent: 'What you agreed to',
  shared: 'You share how well the model does on your text.',
  notShared: 'You do not share how well the model does on your text.',

  begunTitle: 'Asked to be let in',
  begun: 'You began to join and did not start. A key that was made for it is kept.',
  unreadableTitle: 'Cannot be read',
  unreadable: 'Another version of this page kept this, or it is damaged. It is of no use any more, and can be deleted.',

  really: {
    title: 'Delete this federation from this browser?',
    text: 'Key, text, mask, model and ledger of it are deleted from this device. What the coordinator has is not touched. If you come back, you come back as somebody new.',
    keep: 'Keep it',
    confirm: 'Delete it',
    failed: 'It could not be deleted',
  },

  all: {
    title: 'Delete everything',
    lead: 'Everything that this site keeps in this browser: all federations with their keys, texts, models and ledgers, the downloaded models, exports, settings, and the copy of the page for work without a network.',
    button: 'Delete everything…',
    really: 'Delete everything of this site?',
    text: 'This cannot be undone. Adapters that you have not saved elsewhere are lost. What coordinators have is not touched. Type “delete” to confirm.',
    word: 'delete',
    label: 'Confirmation',
    keep: 'Keep it all',
    confirm: 'Delete everything',
    failed: 'Not everything could be deleted',
    done: 'Everything is deleted',
  },

  page: {
    back: 'All federations',
    ledgerOf: 'Ledger of',
    nothing: 'This browser keeps no ledger of this federation.',
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
    `${models}, and what was written for exports`,
    'settings and invites of this site',
    'the copy of the page for work without a network',
    ...(of.bytes ? [`about ${formatBytes(of.bytes)} in all`] : []),
  ];
}
