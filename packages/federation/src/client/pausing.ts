import type { RoundOffer } from '@perfit/protocol';
import type { Member } from './membership.ts';

/** Work that a person may pause: of a round, or after the last one. */
export interface PausableWork {
  readonly offer: Pick<RoundOffer, 'round'>;
  readonly signal: AbortSignal;
  readonly member: Member;
  /** How long it has stood still. */
  pausedMs?: number;
}

/** Waits where the person has paused the client, and says so. @throws the signal's reason */
export async function whenReleased(round: PausableWork): Promise<void> {
  const { offer, signal, member } = round;
  signal.throwIfAborted();
  const { pause, clock } = member.options;
  if (!pause?.isHeld) return;
  member.emit({ type: 'paused', round: offer.round });
  member.report({ round: offer.round, phase: 'paused', done: 0 });
  const heldAt = clock.now();
  await pause.released(signal);
  round.pausedMs = (round.pausedMs ?? 0) + clock.now() - heldAt;
  member.emit({ type: 'resumed', round: offer.round });
}

/** Takes a long work's progress as it comes, and pauses between its steps. @throws the signal's reason, even where the work does not heed it */
export async function drain<P, R>(
  round: PausableWork,
  work: AsyncGenerator<P, R>,
  onProgress: (progress: P) => void | Promise<void>,
): Promise<R> {
  let isDone = false;
  try {
    for (;;) {
      await whenReleased(round);
      const next = await work.next();
      if (next.done) {
        isDone = true;
        return next.value;
      }
      await onProgress(next.value);
    }
  } finally {
    if (!isDone) await work.return(undefined as never).catch(() => {});
  }
}

/** Work without steps, such as an evaluation: a pause breaks it off, and it is begun again after it. */
export async function repeated<R>(round: PausableWork, work: (signal: AbortSignal) => Promise<R>): Promise<R> {
  const { pause } = round.member.options;
  for (;;) {
    await whenReleased(round);
    const signal = pause ? AbortSignal.any([round.signal, pause.signal]) : round.signal;
    try {
      return await work(signal);
    } catch (error) {
      if (round.signal.aborted || !signal.aborted) throw error;
    }
  }
}
