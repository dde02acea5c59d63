import { formatBytes, formatSeconds } from '../format/format-number.ts';
import type { Activity, LoadProgress, SessionState } from './session-state.ts';

const loadingWords = {
  device: 'Getting your device ready',
  model: 'Fetching the model',
  text: 'Reading your text',
  tuner: 'Preparing your examples',
} as const;

const measuringWords = {
  base: 'Measuring how well the model knows your text before any tuning',
  received: 'Measuring what came back from the others',
  tuned: 'Measuring what tuning has gained',
} as const;

const waitingWords = {
  others: 'Your part of this round is done. Waiting for the others',
  'next-round': 'Waiting for the next round',
  paused: 'This federation is paused. It goes on by itself when its operator resumes it',
} as const;

/** The status line, in plain words. */
export function describeActivity({ activity, status }: Pick<SessionState, 'activity' | 'status'>): string {
  switch (activity.kind) {
    case 'idle':
      return 'Not started';
    case 'loading':
      return activity.stage === 'model' && activity.total > 0 ? describeLoad(activity) : loadingWords[activity.stage];
    case 'connecting':
      return 'Connecting to the coordinator';
    case 'recruiting':
      return `Waiting for more people: ${activity.ready} of ${activity.recruit} are ready`;
    case 'preparing':
      return 'A round has begun';
    case 'downloading':
      return `Receiving what the others learned: ${formatBytes(activity.bytes)} of ${formatBytes(activity.total)}`;
    case 'measuring':
      return measuringWords[activity.of];
    case 'warming-up':
      return `Warming up to find your mask: step ${activity.step} of ${activity.steps}`;
    case 'pruning':
      return `Choosing the parameters that matter for your text: ${activity.iteration} of ${activity.iterations}`;
    case 'tuning':
      return `Tuning on your text: step ${activity.step} of ${activity.steps}`;
    case 'uploading':
      return `Sending your ${activity.what}: ${formatBytes(activity.bytes)} of ${formatBytes(activity.total)}`;
    case 'waiting':
      return activity.why === 'paused' && status?.reason ? status.reason : waitingWords[activity.why];
    case 'finished':
      return finishedWords(status?.state);
    case 'left':
      return activity.reason === 'replaced'
        ? 'You went on elsewhere: this tab has stopped'
        : 'You left. What you have so far is kept in this browser';
    case 'failed':
      return `Stopped by an error. ${activity.error.message}`;
  }
}

/** "Fetching the model: 120 MB of 269 MB, 14 MB a second, 11 s left". */
export function describeLoad({ bytes, total, fetched, bytesPerSecond, secondsLeft }: LoadProgress): string {
  const isKept = bytes > 0 && fetched < bytes / 2;
  const what = isKept ? 'Loading the model, which this browser keeps' : loadingWords.model;
  const rate = bytesPerSecond === null ? '' : `, ${formatBytes(Math.round(bytesPerSecond))} a second`;
  const left = secondsLeft === null || secondsLeft < 1 ? '' : `, ${formatSeconds(secondsLeft)} left`;
  return `${what}: ${formatBytes(bytes)} of ${formatBytes(total)}${rate}${left}`;
}

function finishedWords(state: string | undefined): string {
  if (state === 'stopped') return 'The operator has ended this federation. Your personal model stays with you';
  if (state === 'failed')
    return 'The federation ended before all its rounds were done. Your personal model stays with you';
  return 'Finished. Your personal model is ready';
}

/** How far the present activity is, 0 … 1; null where nobody can know. */
export function activityShare(activity: Activity): number | null {
  switch (activity.kind) {
    case 'loading':
    case 'downloading':
    case 'uploading':
      return activity.total > 0 ? Math.min(1, activity.bytes / activity.total) : null;
    case 'recruiting':
      return activity.ready / activity.recruit;
    case 'warming-up':
    case 'tuning':
      return activity.steps > 0 ? activity.step / activity.steps : null;
    case 'pruning':
      return activity.iteration / activity.iterations;
    case 'finished':
      return 1;
    case 'idle':
    case 'left':
    case 'failed':
      return 0;
    case 'connecting':
    case 'preparing':
    case 'measuring':
    case 'waiting':
      return null;
  }
}

/** What is read aloud: it changes with the phase and the round, not with every step. */
export function describePhase({ phase, rounds, activity, status }: SessionState): string {
  const number = rounds.at(-1)?.number;
  const round = number ? ` in round ${number}` : '';
  switch (phase) {
    case 'idle':
      return '';
    case 'loading':
      return 'Loading';
    case 'searching':
      return `Searching your mask${round}`;
    case 'tuning':
      return `Tuning${round}`;
    case 'uploading':
      return `Sending${round}`;
    case 'recruiting':
    case 'waiting':
    case 'finished':
    case 'failed':
      return describeActivity({ activity, status });
  }
}
