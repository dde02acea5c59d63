import { formatBytes, formatCount } from '../../shared/format/format-number.ts';

/** What a message is, for people: a name for lists, and a sentence. */
const kinds: Readonly<Record<string, { readonly name: string; readonly what: string }>> = {
  delta: {
    name: 'Your changes',
    what: 'How far your training moved the parameters you own in this round. It’s made from your text; your text isn’t in it.',
  },
  mask: {
    name: 'Your mask',
    what: 'Which of the adapter’s parameters you own: one bit for each. It was found on your text.',
  },
  slice: {
    name: 'Your shared values',
    what: 'The shared values of the parameters you own, after everyone’s changes.',
  },
  theta: { name: 'All shared values', what: 'The shared values of the whole adapter, after everyone’s changes.' },
  owners: {
    name: 'Ownership shares',
    what: 'What share of the last round’s people owned each parameter, without saying who.',
  },
  hello: {
    name: 'Hello',
    what: 'The request to join: protocol version, federation, public key, invite. The answer is a random text to sign.',
  },
  prove: { name: 'Proof of key', what: 'The signature that proves the key. The answer is the federation’s settings.' },
  ready: {
    name: 'Ready',
    what: 'The name you gave, your device, how many examples you have, and what you share. The answer is how much you may own.',
  },
  announce: { name: 'Announcement', what: 'What is about to be uploaded, with its size and hash.' },
  chunk: { name: 'Upload chunk', what: 'A chunk of an upload. The answer says how much has arrived.' },
  complete: { name: 'Completion', what: 'The upload is complete. The answer is the receipt.' },
  download: { name: 'Download chunk', what: 'A chunk of a download, or the request for it.' },
  leave: { name: 'Goodbye', what: 'You no longer take part.' },
  progress: {
    name: 'Progress',
    what: 'How far this tab is in the round. It includes the loss only if you share it.',
  },
  offer: { name: 'Round offered', what: 'The coordinator asks this tab to take part in a round.' },
  closed: { name: 'Round closed', what: 'How a round ended, and how many took part.' },
  status: { name: 'Federation status', what: 'Where the federation stands, and how many are ready.' },
  replaced: { name: 'Replaced', what: 'The same key has connected from elsewhere.' },
  removed: { name: 'Removed', what: 'The operator removed this client from the federation.' },
  fetch: {
    name: 'Model file',
    what: 'A request for part of the public model, or the response. Only its hash is here: the part itself is stored with the models.',
  },
};

export const strings = {
  title: 'Ledger',
  lead: 'Every message this tab’s work sent or received, latest first, with the SHA-256 hash of its bytes. Open one to read it.',
  scope:
    'The page itself and its federation lookups are ordinary web requests that carry nothing of yours. They aren’t listed.',
  sent: 'sent',
  received: 'received',
  none: 'Nothing has been sent or received yet.',
  noMatch: 'No messages of this type.',

  filter: {
    direction: 'Direction',
    both: 'Both',
    up: 'Sent',
    down: 'Received',
    kind: 'Message type',
    all: 'All types',
  },
  columns: { time: 'Time', message: 'Message', round: 'Round', bytes: 'Bytes', hash: 'SHA-256' },
  pages: 'Ledger pages',
  previous: 'Newer',
  next: 'Older',
  unknownHash: 'no hash',

  totals: 'Totals by type and round',
  byKind: 'By type',
  byRound: 'By round',
  kind: 'Type',
  messages: 'Messages',
  up: 'Sent',
  down: 'Received',
  beforeRounds: 'before round 1',

  save: 'Save list',
  verify: 'Check hashes',
  verifying: 'Checking',
  failed: 'Could not read the ledger',

  detail: {
    back: 'Back',
    time: 'Time',
    direction: 'Direction',
    round: 'Round',
    bytes: 'Bytes',
    address: 'Address',
    hash: 'SHA-256',
    none: '–',
    content: 'Content',
    binary: 'The rest is binary. Save the bytes to get all of it.',
    gone: 'These bytes are no longer kept on this device: only the latest 64 MB are. Their hash stays.',
    notKept: 'Only the hash of this is recorded. The part itself is stored with the models.',
    noHash: 'An earlier version of this page didn’t record hashes.',
    saveText: 'Save as text',
    saveBytes: 'Save bytes',
    same: 'The bytes stored here match this hash.',
    different: 'The bytes stored here have a different hash. They were changed after they were recorded.',
    incomplete: 'Some of its chunks were never sent or are no longer kept, so it can’t be shown in full.',
    carried: 'Messages that carried it',
    carriedLead: 'It was transferred in chunks of at most 256 KiB, each answered.',
  },

  view: {
    title: 'Decoded content',
    values: 'Values',
    kept: 'Parameters you own',
    norm: 'L2 norm',
    largest: 'Largest change',
    largestValue: 'Largest value',
    dtype: 'Format',
    dtypes: {
      f32: '32-bit numbers',
      f16: '16-bit numbers',
      int8: '8-bit steps with a scale for every 64',
    },
    modules: 'By layer and module',
    modulesDelta: 'The norm of each module’s changes. 100 is the largest.',
    modulesMask: 'The share of each module’s parameters you own, in percent.',
    modulesValues: 'The norm of each module’s values. 100 is the largest.',
    least: 'none',
    most: 'most',
    unknown: 'Which modules the values belong to is no longer known here: the mask’s bytes are gone.',
    asTable: 'Table view',
    layer: 'Layer',
    module: 'Module',
    failed: 'Could not read these bytes',
  },

  histogram: {
    title: 'Value distribution',
    caption: 'Each bar counts the values in one range. The outer bars also count everything beyond.',
  },
} as const;

export function kindName(kind: string): string {
  return kinds[kind]?.name ?? kind;
}

export function kindSentence(kind: string): string | null {
  return kinds[kind]?.what ?? null;
}

/** What is answered under its own name. */
const asked = new Set(['hello', 'prove', 'ready', 'leave', 'announce', 'chunk', 'complete', 'download', 'fetch']);

interface Named {
  readonly kind: string;
  readonly direction: 'up' | 'down';
  readonly round: number | null;
}

/** In a list. */
export function rowName({ kind, direction }: Named, pieces: number): string {
  if (kind === 'fetch') return direction === 'up' ? 'Model file request' : kindName(kind);
  if (asked.has(kind) && direction === 'down') return `Answer to “${kindName(kind)}”`;
  return pieces > 1 ? `${kindName(kind)} · ${formatCount(pieces)} chunks` : kindName(kind);
}

/** The dialog's. */
export function detailTitle(of: Named): string {
  return of.round === null ? rowName(of, 1) : `${rowName(of, 1)}, round ${of.round}`;
}

export function arrow(direction: 'up' | 'down'): string {
  return direction === 'up' ? '↑' : '↓';
}

export function time(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB');
}

export function dateTime(at: number): string {
  return new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
}

/** @param files bytes of the model's files, told apart: they are the largest part, and nobody's secret */
export function summary(of: { up: number; upBytes: number; down: number; downBytes: number; files: number }): string {
  const files = of.files > 0 ? ` The model’s files took another ${formatBytes(of.files)}.` : '';
  return `${formatCount(of.up)} messages sent, ${formatBytes(of.upBytes)}; ${formatCount(of.down)} received, ${formatBytes(of.downBytes)}.${files}`;
}

export function openLabel(name: string, at: string): string {
  return `${name}, ${at}: open`;
}

export function pageOf(first: number, last: number, total: number): string {
  return total === 0 ? '0 of 0' : `${formatCount(first)}–${formatCount(last)} of ${formatCount(total)}`;
}

export function newer(count: number): string {
  return `${formatCount(count)} newer`;
}

export function checking(done: number): string {
  return `Checking: ${formatCount(done)} done.`;
}

export function checked(of: { entries: number; checked: number; wrong: number }): string {
  const gone = of.entries - of.checked;
  const rest = gone > 0 ? ` For ${formatCount(gone)} more, only the hash is kept.` : '';
  return of.wrong === 0
    ? `${formatCount(of.checked)} messages checked: all match their recorded hash.${rest}`
    : `${formatCount(of.wrong)} of ${formatCount(of.checked)} messages don’t match their recorded hash: their bytes were changed on this device.`;
}

export function ownedOf(count: number, size: number | null): string {
  return size === null ? formatCount(count) : `${formatCount(count)} of ${formatCount(size)}`;
}

/** A small number, readable: "0.0132", "1.3e-5". */
export function figure(value: number | null): string {
  if (value === null) return strings.detail.none;
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  return magnitude >= 1e-3 && magnitude < 1e4 ? String(Number(value.toPrecision(3))) : value.toExponential(2);
}

/** For who cannot see the bars. */
export function describeHistogram(of: {
  readonly from: number;
  readonly to: number;
  readonly counts: readonly number[];
}): string {
  const total = of.counts.reduce((sum, count) => sum + count, 0);
  const width = (of.to - of.from) / of.counts.length;
  const near = of.counts.reduce((sum, count, i) => {
    const middle = of.from + (i + 0.5) * width;
    return Math.abs(middle) <= of.to / 4 ? sum + count : sum;
  }, 0);
  return `Histogram of ${formatCount(total)} values from ${figure(of.from)} to ${figure(of.to)}. ${Math.round((100 * near) / Math.max(1, total))} % of them lie in the middle quarter of that range, around zero.`;
}

export function barTitle(from: number, to: number, count: number): string {
  return `${figure(from)} to ${figure(to)}: ${formatCount(count)}`;
}

export function layerName(layer: number): string {
  return `layer ${layer + 1}`;
}
