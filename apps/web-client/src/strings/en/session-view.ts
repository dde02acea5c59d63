import { formatDuration } from '../../shared/format/format-duration.ts';
import { formatBytes, formatCount, formatPerplexity, formatSeconds } from '../../shared/format/format-number.ts';
import type { RoundState } from '../../shared/session/session-state.ts';

export const strings = {
  now: 'Now',
  progress: 'Progress of the present step',
  beforeRounds: 'Before the first round',
  unknown: '–',

  /** Pause keeps the place; Stop keeps what there is; Leave keeps nothing. */
  actions: {
    label: 'What you can do',
    pause: 'Pause',
    resume: 'Resume',
    stop: 'Stop',
    leave: 'Leave',
    pauseHint: 'Computing stops after the present step. You stay in the federation and go on where you were.',
    resumeHint: 'Goes on at the very step where it was paused.',
    stopHint: 'You take part no longer. Text, key and model stay in this browser, and you can go on later.',
    leaveHint: 'You take part no longer, and this browser forgets text, key and model of this federation.',
    tryModel: 'Try your model',
    takeHome: 'Take it with you',
  },
  leaving: {
    title: 'Leave and forget?',
    text: 'The coordinator is told that you go. Your text, your key, your mask and your personal model of this federation are deleted from this browser. If you come back, you come back as somebody new.',
    keep: 'Whoever wants to keep the model stops instead, or takes the adapter home first.',
    cancel: 'Stay',
    confirm: 'Leave and delete',
  },
  takeBack: 'Take it back to this tab',

  facts: {
    activity: 'This stage ends in',
    round: 'Your part is done in',
    deadline: 'Round closes in',
    speed: 'Speed',
  },

  end: {
    rounds: 'Rounds you took part in',
    perplexity: 'Perplexity, base and yours',
    time: 'Time in all',
    sent: 'Sent',
  },

  notices: {
    background:
      'You can use other tabs meanwhile: it goes on, and this tab’s title says how far it is. Only keep it open.',
    paused: 'Nothing is computed. You are still in the federation; rounds that close meanwhile close without you.',
    pausing: 'The present step is finished first.',
    offlineComputing: 'No connection. Computing goes on; what is ready is sent when it is back.',
    offlineWaiting: 'No connection. It is tried again by itself; nothing is lost.',
    late: 'At this pace the round closes before your part is done. You then take part in the next one.',
    finished: 'Your text was never sent. Below you can compare the models, and take yours with you.',
    stopped: 'The coordinator was told that you go. The others go on without you.',
    replaced: 'Key and progress are in use in the other tab. You can take them back.',
    idle: 'Nothing is computed at the moment.',
  },

  awake: {
    switch: 'Keep the screen on while it computes',
    held: 'The screen stays on.',
    off: 'A device that falls asleep stops computing.',
    waiting: 'Not needed at the moment.',
    over: 'Kept for your next federation.',
    refused: 'The browser does not allow it at the moment.',
    unsupported: 'This browser cannot do that: a device that falls asleep stops computing.',
  },
  tell: {
    switch: 'Tell me when it is finished',
    on: 'A notification comes at the end.',
    off: 'Off.',
    over: 'Kept for your next federation.',
    denied: 'This browser does not allow notifications of this page.',
    unsupported: 'This browser has no notifications.',
    title: 'PerFIT is finished',
    failedTitle: 'PerFIT has stopped',
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
    'Perplexity on your held-out examples, which it never trains on: roughly, between how many words the model hesitates at each word. Lower is better.',
  perplexityAxis: 'perplexity (lower is better)',
  perplexityCaption: 'Base is the untouched model, received is what came from everybody, tuned is yours.',
  base: 'base',
  received: 'received',
  tuned: 'tuned',
  round: 'round',
  lastModule: 'Chat and export use the model that you tuned last.',
  noModule: 'Your personal model comes with the first tuning.',
  rounds: 'Rounds so far',
  noRounds: 'The first round begins when enough people are ready.',

  loss: 'How it learns',
  lossLead: 'How surprised the model is by the answers in your text, step by step.',
  lossAxis: 'loss (lower is better)',
  lossCaption: 'Each point is one step over a few of your examples, so it jumps about; the direction counts.',
  warmUp: 'warm-up, to find your mask',
  tuning: 'tuning',
  step: 'step',

  mask: 'Your mask',
  maskLead: 'Which parts of the model matter most for your text. You own and change only those.',
  maskCaption: 'The share of each module’s adapter parameters that you own, in per cent.',
  maskTable: 'Share that you own, by layer and module',
  none: 'none of it',
  all: 'all of it',
  owned: 'Parameters that you own',
  notChosen: 'not chosen yet',
  chosenLater: 'the search in the first round chooses them',
  noMask: 'The map comes with the search in the first round',
  evenMask: 'It is the same share of every module: this federation lets each of them keep as much.',

  bytes: 'What was sent and received',
  bytesLead: 'Bytes of all messages in each round. The model’s own files are not counted.',
  bytesCaption: 'The ledger below shows every single message.',
  sent: 'sent',
  got: 'received',

  figures: 'This session',
  noFigures: 'Figures come with the first round',
  asTable: 'As a table',

  figure: {
    sent: 'Sent',
    sentNote: 'see the ledger for each message',
    received: 'Received',
    receivedNote: 'without the model’s files',
    examples: 'Examples',
    device: 'Computes on',
  },
  backends: { webgpu: 'WebGPU', wasm: 'WebAssembly', cpu: 'JavaScript' },
} as const;

/** The line above the status. */
export function roundLine(number: number, of: number | undefined, attempt: number): string {
  if (!number) return strings.beforeRounds;
  const repeated = attempt > 1 ? `, attempt ${attempt}` : '';
  return `Round ${number}${of ? ` of ${of}` : ''}${repeated}`;
}

export function timeLeft(seconds: number | null): string {
  if (seconds === null) return strings.unknown;
  return seconds < 1 ? 'almost done' : formatDuration(seconds);
}

/** @param seconds until the round closes; negative where it should have */
export function closesIn(seconds: number | null): string {
  if (seconds === null) return strings.unknown;
  return seconds <= 0 ? 'any moment' : formatDuration(seconds);
}

export function tokensASecond(speed: number | null): string {
  return speed === null ? strings.unknown : `${formatCount(Math.round(speed))} tokens/s`;
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
    if (isSubmitted) return 'Your part is in. The others are still at it.';
    return isOver ? 'You stopped before your part was done.' : 'Under way.';
  }
  if (outcome === 'failed') return `It is repeated${reason ? `: ${reason}` : '.'}`;
  const people =
    submissions === undefined
      ? ''
      : ` ${submissions === 1 ? 'One person’s changes' : `The changes of ${submissions} people`} were put together.`;
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
  return `Bytes by round; ${formatBytes(up)} sent and ${formatBytes(down)} received in all.`;
}

export function gain(base: number | null, own: number | null): string {
  return base === null || own === null ? strings.unknown : `${formatPerplexity(base)} → ${formatPerplexity(own)}`;
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

export function remaining(kept: boolean): string {
  return kept
    ? 'Your personal model so far stays yours.'
    : 'There is no personal model yet: it comes with the first tuning.';
}
