import { problemWords, strings } from '#strings/session-view.ts';
import type { SessionState } from '../../contract/session/session-state.ts';

export interface Notice {
  readonly text: string;
  readonly tone: 'calm' | 'warning';
  /** Of a problem. */
  readonly code?: string;
}

/** The one sentence that matters most at this moment; there is always one, so that its line never comes or goes. */
export function noticeOf(
  session: SessionState,
  { isRunning, isOnline }: { readonly isRunning: boolean; readonly isOnline: boolean },
): Notice {
  const { notices } = strings;
  const { activity, lastProblem, pause, phase } = session;
  if (activity.kind === 'left') return calm(notices.left[activity.reason]);
  if (phase === 'finished') return calm(notices.finished);
  if (phase === 'failed' || !isRunning) return calm(notices.idle);
  const isCut = session.status !== null && (!session.connected || !isOnline);
  if (isCut) return warning(isComputing(session) ? notices.offlineComputing : notices.offlineWaiting);
  if (lastProblem) {
    const { error, retry } = lastProblem;
    return { ...warning(problemWords(error.message, retry)), code: error.code };
  }
  if (pause === 'held' || (pause === 'asked' && !isComputing(session))) return calm(notices.paused);
  if (pause === 'asked') return calm(notices.pausing);
  return isLate(session) ? warning(notices.late) : calm(notices.background);
}

function isComputing({ phase, pause }: SessionState): boolean {
  return pause !== 'held' && (phase === 'searching' || phase === 'tuning');
}

function isLate({ rounds, estimate }: SessionState): boolean {
  const deadline = rounds.at(-1)?.deadlineAt;
  const end = estimate?.roundEndsAt;
  return deadline !== undefined && end !== null && end !== undefined && end > deadline;
}

function calm(text: string): Notice {
  return { text, tone: 'calm' };
}

function warning(text: string): Notice {
  return { text, tone: 'warning' };
}
