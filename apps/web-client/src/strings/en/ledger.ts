import { formatBytes, formatCount } from '../../shared/format/format-number.ts';

/** What a message is, for people: a name for lists, and a sentence. */
const kinds: Readonly<Record<string, { readonly name: string; readonly what: string }>> = {
  delta: {
    name: 'Your changes',
    what: 'How far your training moved the numbers that you own in this round. It is made from your text; your text is not in it.',
  },
  mask: {
    name: 'Your mask',
    what: 'Which numbers of the adapter you own: one bit for each. It was found on your text.',
  },
  slice: {
    name: 'The others’ work',
    what: 'The shared values of the numbers that you own, after everybody’s changes.',
  },
  theta: { name: 'All shared numbers', what: 'The shared values of the whole adapter, after everybody’s changes.' },
  owners: {
    name: 'Shares of owners',
    what: 'What share of the last round’s people owned each number, without saying who.',
  },
  hello: {
    name: 'Hello',
    what: 'Who asks to be let in: protocol version, federation, public key, invite; the answer is a random text to sign.',
  },
  prove: { name: 'Proof of key', what: 'The signature that proves the key; the answer is the federation’s settings.' },
  ready: {
    name: 'Ready',
    what: 'The name that you gave, what computes, how many examples there are, what is shared; the answer is how much you may own.',
  },
  announce: { name: 'Announcement', what: 'What is about to be uploaded, with its size and hash.' },
  chunk: { name: 'Piece', what: 'A piece of an upload; the answer says how far it is.' },
  complete: { name: 'Completion', what: 'The upload is whole; the answer is the receipt.' },
  download: { name: 'Piece', what: 'A piece of a download, and what asked for it.' },
  leave: { name: 'Goodbye', what: 'You take part no longer.' },
  progress: {
    name: 'Progress',
    what: 'How far this tab is with the round. The loss is in it only where you share it.',
  },
  offer: { name: 'Round offered', what: 'The coordinator asks this tab to take part in a round.' },
  closed: { name: 'Round closed', what: 'How a round ended, and how many took part.' },
  status: { name: 'State of the federation', what: 'Where the federation stands, and how many are ready.' },
  replaced: { name: 'Replaced', what: 'The same key has come in from elsewhere.' },
  fetch: {
    name: 'File of the model',
    what: 'A request for a part of the public model, or what came of it. Only its hash is here: the part itself is kept with the models.',
  },
};

export const strings = {
  title: 'Ledger',
  lead: 'Every message that this tab’s work sent or received, the latest first, with the SHA-256 hash of its bytes. Open one to read it.',
  scope:
    'The page itself and its look-ups of federations are ordinary web requests that carry nothing of yours. They are not listed.',
  sent: 'sent',
  received: 'received',
  none: 'Nothing has left and nothing has come yet.',
  noMatch: 'No message is of this kind.',

  filter: {
    direction: 'Direction',
    both: 'Both',
    up: 'Sent',
    down: 'Received',
    kind: 'Kind of message',
    all: 'All kinds',
  },
  columns: { time: 'Time', message: 'Message', round: 'Round', bytes: 'Bytes', hash: 'SHA-256' },
  pages: 'Pages of the ledger',
  previous: 'Newer',
  next: 'Older',
  unknownHash: 'no hash',

  totals: 'Totals by kind and by round',
  byKind: 'By kind',
  byRound: 'By round',
  kind: 'Kind',
  messages: 'Messages',
  up: 'Sent',
  down: 'Received',
  beforeRounds: 'before',

  save: 'Save the list',
  verify: 'Check hashes',
  verifying: 'Checking',
  failed: 'The ledger could not be read',

  detail: {
    back: 'Back',
    time: 'Time',
    direction: 'Direction',
    round: 'Round',
    bytes: 'Bytes',
    address: 'Address',
    hash: 'SHA-256',
    none: '–',
    content: 'What it says',
    binary: 'Its other bytes are binary; they are in the file.',
    gone: 'These bytes are no longer kept on this device: the latest 64 MB are. Their hash stays.',
    notKept: 'Only the hash of this is written down. The part itself is kept with the models.',
    noHash: 'An earlier version of this page wrote no hashes down.',
    saveText: 'Save as text',
    saveBytes: 'Save its bytes',
    same: 'The bytes kept here have just this hash.',
    different: 'The bytes kept here have another hash. They were changed after they were written down.',
    incomplete: 'Some of its pieces never went or are no longer kept: it cannot be shown as a whole.',
    carried: 'The messages that carried it',
    carriedLead: 'It went in pieces of at most 256 KiB, each answered.',
  },

  view: {
    title: 'What its bytes say',
    values: 'Values',
    kept: 'Numbers that you own',
    norm: 'Length (L2 norm)',
    largest: 'Largest change',
    largestValue: 'Largest value',
    dtype: 'Written as',
    dtypes: {
      f32: '32-bit numbers',
      f16: '16-bit numbers',
      int8: '8-bit steps with a scale for every 64',
    },
    modules: 'By layer and module',
    modulesDelta: 'How long the change of each module is. 100 is the longest.',
    modulesMask: 'Which share of each module’s numbers you own, in per cent.',
    modulesValues: 'How long the values of each module are. 100 is the longest.',
    least: 'nothing',
    most: 'the most',
    unknown: 'What the values belong to is no longer known here: the mask’s bytes are gone.',
    asTable: 'As a table',
    layer: 'Layer',
    module: 'Module',
    failed: 'These bytes cannot be read',
  },

  histogram: {
    title: 'How the values lie',
    caption: 'Each bar counts the values of one range. The outer bars also count what lies beyond.',
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
  if (kind === 'fetch') return direction === 'up' ? 'Request for a file' : kindName(kind);
  if (asked.has(kind) && direction === 'down') return `Answer to “${kindName(kind)}”`;
  return pieces > 1 ? `${kindName(kind)} · ${formatCount(pieces)} pieces` : kindName(kind);
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
  const files = of.files > 0 ? ` The model’s files took ${formatBytes(of.files)} more.` : '';
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
  const rest = gone > 0 ? ` Of ${formatCount(gone)} more only the hash is kept.` : '';
  return of.wrong === 0
    ? `${formatCount(of.checked)} messages checked: all have the hash that was written down.${rest}`
    : `${formatCount(of.wrong)} of ${formatCount(of.checked)} messages do not have the hash that was written down: their bytes were changed on this device.`;
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
  return `Histogram of ${formatCount(total)} values from ${figure(of.from)} to ${figure(of.to)}. ${Math.round((100 * near) / Math.max(1, total))} % of them lie within a quarter of that around zero.`;
}

export function barTitle(from: number, to: number, count: number): string {
  return `${figure(from)} to ${figure(to)}: ${formatCount(count)}`;
}

export function layerName(layer: number): string {
  return `layer ${layer + 1}`;
}
