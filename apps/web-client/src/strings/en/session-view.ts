import type { RoundState, SessionState } from '../../contract/session/session-state.ts';
import { formatDuration } from '../../shared/format/format-duration.ts';
import { formatBytes, formatCount, formatPerplexity, formatSeconds } from '../../shared/format/format-number.ts';

export const strings = {
  now: 'Now',
  progress: 'Progress of the current step',
  beforeRounds: 'Before the first round',
  unknown: '–',

  actions: {
    label: 'What you can do',
    pause: 'Pause',
    resume: 'Resume',
    leave: 'Leave…',
    pauseHint: 'Computing stops after the current step. You stay in the federation and continue where you left off.',
    resumeHint: 'Continues at the exact step where it was paused.',
    leaveHint: 'You stop taking part. You choose whether this browser keeps your model.',
  },
  leaving: {
    title: 'Leave this federation?',
    question: 'The others continue without you. What should this browser do?',
    keepModel: 'Keep my model',
    keepPlace: 'Keep my place',
    deleteAll: 'Delete everything',
    deleteHint:
      'Your text, key, mask and personal model for this federation are deleted from this browser. If you come back, you’ll join as someone new.',
    cancel: 'Stay',
    confirm: 'Leave',
    confirmDelete: 'Leave and delete',
  },
  takeBack: 'Continue in this tab',

  speed: 'Speed',
  timeUnknown: 'The time left isn’t known yet.',

  views: 'Views',
  view: {
    result: 'Result',
    chat: 'Chat',
    export: 'Export',
    ledger: 'Ledger',
    settings: 'Settings',
  },
  resultLater: 'Your results appear here with the first round.',
  chatLater: 'You can chat once the model is loaded.',
  moreFigures: 'More figures',
  thisDevice: 'This device',
  notLoaded: 'Nothing is loaded yet.',
  startOver: 'Start over',
  startOverHint: 'Deletes what this browser has saved for this federation, and begins anew.',

  notices: {
    background: 'Keep this tab open. You can use other tabs meanwhile.',
    paused: 'Computing is paused. Rounds that close meanwhile close without you.',
    pausing: 'Finishing the current step first.',
    offlineComputing: 'No connection. Computing continues; results are sent once it’s back.',
    offlineWaiting: 'No connection. Retrying automatically; nothing is lost.',
    late: 'At this pace, the round closes before your part is done. You’ll take part in the next one.',
    finished: 'Your text was never sent.',
    left: {
      asked: 'You’ve left the federation. The others continue without you.',
      replaced: 'Your key and progress are in use in the other tab. You can continue here instead.',
      removed:
        'The others continue without you, and this tab doesn’t come back by itself. If you think it was a mistake, ask the operator, then continue.',
    },
    idle: 'Nothing is running right now.',
  },

  awake: {
    switch: 'Keep the screen on while it’s running',
    held: 'The screen stays on.',
    off: 'A device that goes to sleep stops computing.',
    waiting: 'Not needed right now.',
    over: 'Saved for your next federation.',
    refused: 'The browser doesn’t allow it right now.',
    unsupported: 'This browser can’t do that: a device that goes to sleep stops computing.',
  },
  tell: {
    switch: 'Notify me when it’s finished',
    on: 'You’ll get a notification at the end.',
    off: 'Off.',
    over: 'Saved for your next federation.',
    denied: 'This browser doesn’t allow notifications from this page.',
    unsupported: 'This browser doesn’t support notifications.',
    title: 'PerFIT is finished',
    failedTitle: 'PerFIT has stopped',
  },
  compare: {
    switch: 'Compare with tuning alone',
    on: 'In the time this device would wait, a second model is tuned on your text alone.',
    off: 'You can still find out at the end whether joining helped.',
    over: 'The rounds are over.',
  },

  title: {
    app: 'PerFIT',
    loading: 'Loading',
    paused: 'Paused',
    waiting: 'Waiting',
    finished: 'Finished',
    failed: 'Stopped',
  },

  perplexity: 'Is it getting better?',
  perplexityLead:
    'Perplexity on your held-out examples: roughly, how many words it is choosing between at each step. Lower is better.',
  perplexityAxis: 'perplexity (lower is better)',
  perplexityCaption: 'Base is the original model, received is the shared result, tuned is yours.',
  base: 'base',
  received: 'received',
  tuned: 'tuned',
  round: 'round',
  lastModule: 'Chat and export use the model you tuned last.',
  noModule: 'Your personal model comes with the first tuning.',
  rounds: 'Rounds so far',
  noRounds: 'The first round starts when enough people are ready.',

  loss: 'How it learns',
  lossLead: 'How surprised the model is by the answers in your text, step by step.',
  lossAxis: 'loss (lower is better)',
  lossCaption: 'Each point is one step over a few of your examples, so it jumps around; the trend is what counts.',
  warmUp: 'warmup, to find your mask',
  tuning: 'tuning',
  step: 'step',

  mask: 'Your mask',
  maskLead: 'Which parts of the model matter most for your text. You own and change only those.',
  maskCaption: 'The share of each module’s adapter parameters that you own, in percent.',
  maskTable: 'Share you own, by layer and module',
  none: 'none',
  all: 'all',
  owned: 'Parameters you own',
  notChosen: 'not chosen yet',
  chosenLater: 'chosen by the search in the first round',
  noMask: 'Appears with the search in the first round',
  evenMask: 'The share is the same for every module: this federation gives each the same budget.',

  bytes: 'What was sent and received',
  bytesLead: 'Bytes of all messages in each round. The model’s own files aren’t counted.',
  bytesCaption: 'The ledger shows every single message.',
  sent: 'sent',
  got: 'received',

  figures: 'This session',
  noFigures: 'Figures appear with the first round',
  asTable: 'Table view',

  figure: {
    sent: 'Sent',
    sentNote: 'see the ledger for each message',
    received: 'Received',
    receivedNote: 'excluding the model’s files',
    examples: 'Examples',
    device: 'Runs on',
  },
  backends: { webgpu: 'WebGPU', wasm: 'WebAssembly', cpu: 'JavaScript' },
} as const;

/** The line above the status. */
export function roundLine(number: number, of: number | undefined, attempt: number): string {
  if (!number) return strings.beforeRounds;
  const repeated = attempt > 1 ? `, attempt ${attempt}` : '';
  return `Round ${number}${of ? ` of ${of}` : ''}${repeated}`;
}

/** How long it takes, as far as that is known, in seconds. @param of.round until it closes, whoever is done by then */
export function timeLine(of: { step: number | null; part: number | null; round: number | null }): string {
  const line = [
    of.step === null ? null : `This step: ${countdown(of.step)}`,
    of.part === null ? null : `your part: ${countdown(of.part)}`,
    of.round === null ? null : `round closes: ${of.round <= 0 ? 'any moment' : formatDuration(of.round)}`,
  ]
    .filter((part) => part !== null)
    .join(' · ');
  return line ? `${line[0]?.toUpperCase()}${line.slice(1)}` : strings.timeUnknown;
}

function countdown(seconds: number): string {
  return seconds < 1 ? 'almost done' : formatDuration(seconds);
}

/** What it came to. @param of.sent bytes */
export function endLine(of: { rounds: number; gain: string | null; seconds: number | null; sent: number }): string {
  return [
    of.rounds === 1 ? '1 round' : `${of.rounds} rounds`,
    of.gain === null ? null : `perplexity ${of.gain}`,
    of.seconds === null ? null : formatDuration(of.seconds),
    `${formatBytes(of.sent)} sent`,
  ]
    .filter((part) => part !== null)
    .join(' · ');
}

export function tokensASecond(speed: number | null): string {
  return speed === null ? strings.unknown : `${formatCount(Math.round(speed))} tokens/s`;
}

/** What it runs on, and how fast. */
export function deviceLine(of: Pick<SessionState, 'backend' | 'device' | 'tokensPerSecond'>): string {
  const { backend, device, tokensPerSecond } = of;
  const line = [
    backend ? strings.backends[backend] : null,
    device?.description ?? null,
    tokensPerSecond === null ? null : tokensASecond(tokensPerSecond),
  ].filter((part) => part !== null);
  return line.join(' · ') || strings.notLoaded;
}

/** The tab's title. @param share 0 … 1 of the round, null where nobody can know */
export function tabTitle(what: string | null, share: number | null, round: number | undefined): string {
  const now = share === null ? what : `${Math.floor(100 * share)} %`;
  return [now, round ? `round ${round}` : null, strings.title.app].filter(Boolean).join(' · ');
}

/** One round of the time line: its name, what became of it, and how long it took. */
export function roundName({ number, attempt }: RoundState): string {
  return attempt > 1 ? `Round ${number}, attempt ${attempt}` : `Round ${number}`;
}

export function roundOutcome(round: RoundState, isOver: boolean): string {
  const { outcome, reason, isSubmitted, submissions } = round;
  if (outcome === 'open') {
    if (isSubmitted) return 'Your part is in. The others are still working.';
    return isOver ? 'You stopped before your part was done.' : 'In progress.';
  }
  if (outcome === 'failed') return `Repeated${reason ? `: ${reason}` : '.'}`;
  const people =
    submissions === undefined
      ? ''
      : ` ${submissions === 1 ? 'One person’s changes' : `The changes of ${submissions} people`} were combined.`;
  return isSubmitted === false || (isSubmitted === undefined && round.tuned === null)
    ? `It closed before your part was done.${people}`
    : `Done.${people}`;
}

/** "160 → 92.4", where both are known. */
export function roundFigures({ received, tuned }: RoundState): string | null {
  if (received === null) return null;
  return `Perplexity: received ${formatPerplexity(received)}${tuned === null ? '' : `, tuned ${formatPerplexity(tuned)}`}`;
}

export function roundTime({ startedAt, endedAt }: RoundState): string | null {
  return endedAt === null ? null : formatSeconds((endedAt - startedAt) / 1000);
}

/** For those who cannot see the chart. */
export function describeGain(base: number | null, last: RoundState | undefined): string {
  return last
    ? `Perplexity by round; lower is better. Base ${formatPerplexity(base)}; after round ${last.number}, received ${formatPerplexity(last.received)}, tuned ${formatPerplexity(last.tuned)}.`
    : 'Perplexity by round. No figures yet.';
}

export function describeLoss(first: number | undefined, last: number | undefined, steps: number): string {
  if (first === undefined || last === undefined) return 'Training loss by step. No steps yet.';
  return `Training loss over ${steps} steps: ${first.toFixed(2)} at the first, ${last.toFixed(2)} at the last.`;
}

export function describeBytes(up: number, down: number): string {
  return `Bytes by round; ${formatBytes(up)} sent and ${formatBytes(down)} received in total.`;
}

export function gain(base: number | null, own: number | null): string | null {
  return base === null || own === null ? null : `${formatPerplexity(base)} → ${formatPerplexity(own)}`;
}

export function problemWords(message: string, retry: string): string {
  return `${message} ${retry}`;
}

export function layerName(layer: number): string {
  return `layer ${layer + 1}`;
}

export function ownedOf(kept: number, size: number): string {
  return `${formatCount(kept)} of ${formatCount(size)}`;
}

export function heldOut(count: number): string {
  return `and ${formatCount(count)} held out`;
}

/** What there is for who leaves and keeps it. */
export function keptOnLeaving(hasModel: boolean): string {
  return hasModel
    ? 'Your text, key and personal model stay in this browser. You can chat with it, export it, or come back later.'
    : 'Your text and key stay in this browser, and you can come back later. There’s no personal model yet: it comes with the first tuning.';
}
