import { useCallback, useEffect, useRef, useState } from 'react';
import type { Failure } from '../contract/failure.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { EarlierSession, JoinOptions, Seat } from '../contract/run-api.ts';
import { asSink, engine } from '../shared/api/engine-client.ts';
import { useSession } from '../shared/session/session-store.ts';

/** Where a person stands with a federation in this tab. */
type Participation =
  | { readonly kind: 'looking' }
  | { readonly kind: 'new' }
  /** This browser remembers a run that has ended. */
  | { readonly kind: 'earlier'; readonly earlier: EarlierSession }
  /** `round` is the one taken up again after a reload; null where this is the first run. */
  | { readonly kind: 'running'; readonly round: number | null; readonly isReopened?: boolean }
  /** As it ran. */
  | { readonly kind: 'ended'; readonly round: number | null; readonly isReopened?: boolean }
  | { readonly kind: 'refused'; readonly failure: Failure; readonly earlier: EarlierSession | null };

export interface ParticipationControls {
  readonly participation: Participation;
  join(options: Omit<JoinOptions, 'seat'>): void;
  /** Goes on with what this browser remembers. */
  resume(takeOver: boolean): void;
  /** Only loads the model of a run that has ended. */
  reopen(): void;
  /** Stops the computing after the present step, or lets it go on; the client stays in the federation. */
  setPaused(isPaused: boolean): void;
  /** [PF9] Lets the second model be tuned on this text alone, or stops it; after the end it is tuned then. */
  setCompared(isWanted: boolean): void;
  /** Takes part no longer; everything is kept, and can be gone on with. */
  stop(): void;
  /** Takes part no longer, and forgets everything. */
  leave(): Promise<void>;
  /** Forgets everything and begins anew. */
  startAfresh(): void;
}

/** Drives the worker for one seat; a run that a reload interrupted goes on by itself. */
export function useParticipation(seat: Seat): ParticipationControls {
  const [participation, setParticipation] = useState<Participation>({ kind: 'looking' });
  const take = useSession((store) => store.take);
  const reset = useSession((store) => store.reset);
  const stored = useRef<EarlierSession | null>(null);

  const follow = useCallback(async (running: Promise<Outcome<unknown>>) => {
    const outcome = await running;
    // A refusal before anything was under way leaves the page as it was; later ones are part of the session.
    const isRefusal = !outcome.ok && useSession.getState().session.phase !== 'failed';
    setParticipation((ran) =>
      isRefusal
        ? { kind: 'refused', failure: outcome.error, earlier: stored.current }
        : { ...(ran.kind === 'running' ? ran : { round: null }), kind: 'ended' },
    );
  }, []);

  const resume = useCallback(
    (takeOver: boolean) => {
      setParticipation({ kind: 'running', round: stored.current?.round ?? 0 });
      void follow(engine().resume(seat, { takeOver }, asSink(take)));
    },
    [seat, follow, take],
  );

  const look = useCallback(async () => {
    const outcome = await engine().earlier(seat);
    if (!outcome.ok) {
      setParticipation({ kind: 'refused', failure: outcome.error, earlier: null });
      return;
    }
    stored.current = outcome.value;
    if (!outcome.value) setParticipation({ kind: 'new' });
    else if (outcome.value.standing === 'running') resume(false);
    else setParticipation({ kind: 'earlier', earlier: outcome.value });
  }, [seat, resume]);

  useEffect(() => {
    reset();
    setParticipation({ kind: 'looking' });
    void look();
    return () => {
      // Another page of this tab: the seat is free for it again.
      void engine().leave('moved');
    };
  }, [look, reset]);

  return {
    participation,
    resume,
    join: (options) => {
      setParticipation({ kind: 'running', round: null });
      void follow(engine().join({ ...options, seat }, asSink(take)));
    },
    reopen: () => {
      setParticipation({ kind: 'running', round: null, isReopened: true });
      void follow(engine().reopen(seat, asSink(take)));
    },
    setPaused: (isPaused) => void engine().setPaused(isPaused),
    setCompared: (isWanted) => {
      if (useSession.getState().session.endedAt === null) void engine().setCompared(isWanted);
      else {
        setParticipation({ kind: 'running', round: null });
        void follow(engine().resume(seat, { takeOver: false, compare: isWanted }, asSink(take)));
      }
    },
    stop: () => void engine().leave('asked'),
    leave: async () => {
      await engine().leave('asked');
      await engine().forget(seat);
    },
    startAfresh: () => {
      void (async () => {
        await engine().leave('asked');
        const outcome = await engine().forget(seat);
        reset();
        setParticipation(outcome.ok ? { kind: 'new' } : { kind: 'refused', failure: outcome.error, earlier: null });
      })();
    },
  };
}
