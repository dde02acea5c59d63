import { useEffect, useRef } from 'react';
import { strings } from '#strings/session-view.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import { describeActivity } from '../../shared/session/describe-activity.ts';

export type NoticePermission = NotificationPermission | 'unsupported';

export function noticePermission(): NoticePermission {
  return 'Notification' in window ? Notification.permission : 'unsupported';
}

/** Asks the person; must be called from a click. */
export async function askForNotices(): Promise<NoticePermission> {
  return 'Notification' in window ? await Notification.requestPermission() : 'unsupported';
}

/** One notification when a run that was at work ends, where the person switched that on. */
export function useFinishNotice(session: SessionState, isWanted: boolean): void {
  const wasAtWork = useRef(false);
  const { phase } = session;
  useEffect(() => {
    const isEnd = phase === 'finished' || phase === 'failed';
    if (isEnd && wasAtWork.current && isWanted && noticePermission() === 'granted') {
      notify(phase === 'finished' ? strings.tell.title : strings.tell.failedTitle, describeActivity(session));
    }
    wasAtWork.current = ['searching', 'tuning', 'uploading', 'waiting'].includes(phase);
  }, [phase, isWanted, session]);
}

function notify(title: string, body: string): void {
  try {
    new Notification(title, { body, icon: '/favicon.svg', tag: 'perfit-finished' });
  } catch {
    // Chrome on Android lets only a service worker do it; the tab's title says the same.
  }
}
