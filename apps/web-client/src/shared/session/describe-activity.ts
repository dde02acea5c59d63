import {
  alone,
  downloading,
  failed,
  loadingModel,
  paused,
  phaseIn,
  pruning,
  recruiting,
  strings,
  tuning,
  uploading,
  warmingUp,
} from '#strings/activity.ts';
import type { Activity, SessionState } from '../../contract/session/session-state.ts';

type Described = Pick<SessionState, 'activity' | 'status'> & Partial<Pick<SessionState, 'pause' | 'phase'>>;

/** The status line, in plain words. */
export function describeActivity(session: Described): string {
  const { activity, pause = 'off' } = session;
  const words = wordsOf(session);
  if (pause === 'off' || activity.kind === 'loading' || activity.kind === 'connecting') return words;
  // Where nothing is computed there is no step to be finished.
  const isStill = pause === 'held' || activity.kind === 'waiting' || activity.kind === 'recruiting';
  return paused(isStill, words);
}

function wordsOf({ activity, status }: Described): string {
  switch (activity.kind) {
    case 'idle':
      return strings.idle;
    case 'loading':
      return activity.stage === 'model' && activity.total > 0
        ? loadingModel(activity)
        : strings.loading[activity.stage];
    case 'connecting':
      return strings.connecting;
    case 'recruiting':
      return recruiting(activity.ready, activity.recruit);
    case 'preparing':
      return strings.preparing;
    case 'downloading':
      return downloading(activity.bytes, activity.total);
    case 'measuring':
      return strings.measuring[activity.of];
    case 'warming-up':
      return warmingUp(activity.step, activity.steps);
    case 'pruning':
      return pruning(activity.iteration, activity.iterations);
    case 'tuning':
      return tuning(activity.step, activity.steps);
    case 'uploading':
      return uploading(activity.what, activity.bytes, activity.total);
    case 'waiting':
      return activity.why === 'paused' && status?.reason ? status.reason : strings.waiting[activity.why];
    case 'alone':
      return alone(activity.tuning, activity.of);
    case 'concluding':
      return strings.concluding;
    case 'finished':
      if (status?.state === 'stopped') return strings.ended;
      return status?.state === 'failed' ? strings.finishedEarly : strings.finished;
    case 'left':
      return strings.left[activity.reason];
    case 'failed':
      return failed(activity.error.message);
  }
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
    case 'alone':
      return Math.min(1, (activity.tuning - 1 + activity.done) / Math.max(1, activity.of));
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
    case 'concluding':
      return null;
  }
}

/** What is read aloud: it changes with the phase and the round, not with every step. */
export function describePhase(session: SessionState): string {
  const { phase, rounds, pause } = session;
  switch (phase) {
    case 'idle':
      return session.activity.kind === 'left' ? describeActivity(session) : '';
    case 'loading':
    case 'searching':
    case 'tuning':
    case 'uploading':
      return phaseIn(phase, rounds.at(-1)?.number, pause === 'held');
    case 'recruiting':
    case 'waiting':
    case 'finished':
    case 'failed':
      return describeActivity(session);
  }
}
