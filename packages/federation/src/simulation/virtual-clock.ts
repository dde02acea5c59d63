import type { Clock } from '../client/ports.ts';
import type { TimerClock } from '../coordinator/clock.ts';

interface Timer {
  readonly due: number;
  readonly run: () => void;
}

/**
 * Time that only the simulation moves. Tuning takes none of it: only deadlines and settling times pass, at once, when
 * nobody is left who could do something before them. Whoever sleeps wakes without anything having passed.
 */
export class VirtualClock implements Clock, TimerClock {
  private milliseconds = 0;
  private readonly timers = new Set<Timer>();

  now(): number {
    return this.milliseconds;
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = { due: this.milliseconds + milliseconds, run };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** Never backwards. Whoever waits for an instant up to then is called, the earliest first. */
  advanceTo(milliseconds: number): void {
    for (;;) {
      const next = this.next();
      if (!next || next.due > milliseconds) break;
      this.milliseconds = Math.max(this.milliseconds, next.due);
      this.timers.delete(next);
      next.run();
    }
    this.milliseconds = Math.max(this.milliseconds, milliseconds);
  }

  /** To the next instant that somebody waits for. @returns whether there is one */
  advanceToNext(): boolean {
    const next = this.next();
    if (next) this.advanceTo(next.due);
    return next !== null;
  }

  async sleep(_milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
  }

  private next(): Timer | null {
    let next: Timer | null = null;
    for (const timer of this.timers) if (!next || timer.due < next.due) next = timer;
    return next;
  }
}
