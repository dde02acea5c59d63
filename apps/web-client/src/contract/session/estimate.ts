import { trustedPace } from './pace.ts';
import type { Estimate, SessionState } from './session-state.ts';
import { workLeft } from './work-left.ts';

/** An estimate stays until it is off by more than this share of what is left, and by more than some seconds. */
const TOLERATED_SHARE = 0.25;
const TOLERATED_MS = 5000;

/** When what is under way will be done. It counts down to one moment, and moves only where that is clearly wrong. */
export function estimateOf(session: SessionState, at: number): Estimate | null {
  const number = session.rounds.at(-1)?.number;
  const pace = trustedPace(session.pace);
  if (number === undefined || pace === null || session.pause !== 'off') return null;
  const { activity, round } = workLeft(session);
  if (round === null || activity === null) return null;
  const former = session.estimate;
  const kind = session.activity.kind === 'measuring' ? session.activity.of : session.activity.kind;
  return {
    activity: kind,
    activityEndsAt: steady(former?.activity === kind ? former.activityEndsAt : null, at + pace * activity, at),
    round: number,
    roundEndsAt: steady(former?.round === number ? former.roundEndsAt : null, at + pace * round, at),
  };
}

function steady(former: number | null, latest: number, now: number): number {
  if (former === null) return latest;
  const tolerated = Math.max(TOLERATED_MS, TOLERATED_SHARE * (former - now));
  return Math.abs(latest - former) > tolerated ? latest : former;
}
