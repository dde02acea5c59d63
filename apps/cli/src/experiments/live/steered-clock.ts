import { type Clock, systemClock } from '@perfit/coordinator';

interface Timer {
  readonly due: number;
  readonly run: () => void;
  cancel: () => void;
}

/** The system's time for a coordinator, which can be made to pass at once. */
export class SteeredClock implements Clock {
  private readonly timers = new Set<Timer>();
  private aheadMs = 0;

  now(): number {
    return systemClock.now() + this.aheadMs;
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer: Timer = { due: this.now() + milliseconds, run, cancel: () => {} };
    this.timers.add(timer);
    this.arm(timer);
    return () => {
      timer.cancel();
      this.timers.delete(timer);
    };
  }

  /** Whoever waits for an instant in between is called next. */
  pass(milliseconds: number): void {
    this.aheadMs += milliseconds;
    for (const timer of this.timers) {
      timer.cancel();
      this.arm(timer);
    }
  }

  private arm(timer: Timer): void {
    timer.cancel = systemClock.after(timer.due - this.now(), () => {
      this.timers.delete(timer);
      timer.run();
    });
  }
}
