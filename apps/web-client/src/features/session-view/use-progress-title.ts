import { useEffect } from 'react';
import { strings, tabTitle } from '#strings/session-view.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import { roundShare } from '../../contract/session/work-left.ts';
import { useTabTitle } from '../../shared/ui/tab-title.ts';

/** The tab's title says how far it is: it is all that is seen of a tab in the background. */
export function useProgressTitle(session: SessionState): void {
  const title = titleOf(session);
  useEffect(() => {
    useTabTitle.setState({ inFront: title });
  }, [title]);
  useEffect(() => () => useTabTitle.setState({ inFront: null }), []);
}

function titleOf(session: SessionState): string | null {
  const { phase, pause } = session;
  const round = session.rounds.at(-1)?.number;
  const { title } = strings;
  switch (phase) {
    case 'idle':
      return null;
    case 'finished':
    case 'failed':
      return tabTitle(title[phase], null, undefined);
    case 'loading':
      return tabTitle(title.loading, null, undefined);
    case 'recruiting':
      return tabTitle(title.waiting, null, undefined);
    case 'waiting':
      return tabTitle(pause === 'off' ? title.waiting : title.paused, null, round);
    case 'searching':
    case 'tuning':
    case 'uploading':
      return pause === 'held' ? tabTitle(title.paused, null, round) : tabTitle(null, roundShare(session), round);
  }
}
