import type { LoadProgress } from '../../contract/session/session-state.ts';
import { formatBytes, formatSeconds } from '../../shared/format/format-number.ts';

export const strings = {
  idle: 'Not started',
  loading: {
    device: 'Preparing your device',
    model: 'Downloading the model',
    text: 'Reading your text',
    tuner: 'Preparing your examples',
  },
  cachedModel: 'Loading the model saved in this browser',
  connecting: 'Connecting to the coordinator',
  preparing: 'A round has started',
  measuring: {
    base: 'Measuring the base model on your text',
    received: 'Measuring what you received from the others',
    tuned: 'Measuring your tuned model on your text',
  },
  waiting: {
    others: 'Your part of this round is done. Waiting for the others',
    'next-round': 'Waiting for the next round',
    paused: 'This federation is paused. It continues automatically when its operator resumes it',
  },
  concluding: 'The rounds are over. Choosing the best model for you',
  finished: 'Finished. Your personal model is ready',
  finishedEarly: 'The federation ended before all its rounds were done. You keep your personal model',
  ended: 'The operator ended this federation. You keep your personal model',
  left: {
    asked: 'You’ve left. What you have so far is saved in this browser',
    replaced: 'You continued in another tab, so this one has stopped',
    removed: 'The operator removed you from this federation. What you have so far is saved in this browser',
  },
} as const;

export function recruiting(ready: number, recruit: number): string {
  return `Waiting for more people: ${ready} of ${recruit} ready`;
}

export function downloading(bytes: number, total: number): string {
  return `Receiving what the others learned: ${formatBytes(bytes)} of ${formatBytes(total)}`;
}

export function warmingUp(step: number, steps: number): string {
  return `Warming up to find your mask: step ${step} of ${steps}`;
}

export function pruning(iteration: number, iterations: number): string {
  return `Choosing the parameters that matter for your text: ${iteration} of ${iterations}`;
}

export function tuning(step: number, steps: number): string {
  return `Tuning on your text: step ${step} of ${steps}`;
}

/** While others work, or when the rounds are over. */
export function alone(tuning: number, of: number): string {
  return `Your part is done for now. To compare, tuning on your text alone: ${tuning} of ${of}`;
}

export function uploading(what: 'mask' | 'delta', bytes: number, total: number): string {
  const name = what === 'mask' ? 'your mask' : 'your changes';
  return `Sending ${name}: ${formatBytes(bytes)} of ${formatBytes(total)}`;
}

/** While the present step is finished, and then. @param activity what stands still, as a sentence without its full stop */
export function paused(isStill: boolean, activity: string): string {
  return `${isStill ? 'Paused' : 'Pausing after this step'}. ${activity}`;
}

export function failed(message: string): string {
  return `Stopped by an error. ${message}`;
}

/** "Downloading the model: 120 MB of 269 MB, 14 MB/s, 11 s left". */
export function loadingModel({ bytes, total, fetched, bytesPerSecond, secondsLeft }: LoadProgress): string {
  const isKept = bytes > 0 && fetched < bytes / 2;
  const what = isKept ? strings.cachedModel : strings.loading.model;
  const rate = bytesPerSecond === null ? '' : `, ${formatBytes(Math.round(bytesPerSecond))}/s`;
  const left = secondsLeft === null || secondsLeft < 1 ? '' : `, ${formatSeconds(secondsLeft)} left`;
  return `${what}: ${formatBytes(bytes)} of ${formatBytes(total)}${rate}${left}`;
}

const phases = {
  loading: 'Loading',
  searching: 'Finding your mask',
  tuning: 'Tuning',
  uploading: 'Sending',
} as const;

/** What is read aloud. */
export function phaseIn(phase: keyof typeof phases, round: number | undefined, isPaused: boolean): string {
  const where = round && phase !== 'loading' ? ` in round ${round}` : '';
  return `${isPaused ? 'Paused: ' : ''}${phases[phase]}${where}`;
}
