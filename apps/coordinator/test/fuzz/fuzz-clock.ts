import type { Clock } from '../../src/clock.ts';

interface Timer {
  readonly due: number;
  readonly run: () => void;
  readonly owner: object;
}

/** Time that moves only when it is told to; each process has timers of its own, which die with it. */
export class FuzzClock {
  private time = 1_700_000_000_000;
  private timers: Timer[] = [];

  /** The clock of one process. */
  of(owner: object): Clock {
    return {
      now: () => this.time,
      after: (milliseconds, run) => {
        const timer = { due: this.time + milliseconds, run, owner };
        this.timers.push(timer);
        return () => {
          this.timers = this.timers.filter((other) => other !== timer);
        };
      },
    };
  }

  get now(): number {
    return this.time;
  }

  /** Whether a process will be woken without anybody's doing. */
  isAwaited(owner: object): boolean {
    return this.timers.some((timer) => timer.owner === owner);
  }

  forget(owner: object): void {
    this.timers = this.timers.filter((timer) => timer.owner !== owner);
  }

  advance(milliseconds: number): void {
    this.time += milliseconds;
    const due = this.timers.filter((timer) => timer.due <= this.time).sort((a, b) => a.due - b.due);
    this.timers = this.timers.filter((timer) => timer.due > this.time);
    for (const timer of due) timer.run();
  }
}
