import type { Clock } from '../client/ports.ts';

/**
 * Time that only the simulation moves. Tuning takes none of it: only deadlines and settling times pass, at once, when
 * nobody is left who could do something before them. Whoever sleeps wakes without anything having passed.
 */
export class VirtualClock implements Clock {
  private milliseconds = 0;

  now(): number {
    return this.milliseconds;
  }

  /** Never backwards. */
  advanceTo(milliseconds: number): void {
    this.milliseconds = Math.max(this.milliseconds, milliseconds);
  }

  async sleep(_milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
  }
}
