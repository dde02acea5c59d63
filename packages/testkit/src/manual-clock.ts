import type { TimerClock } from '@perfit/federation/coordinator';

interface Timer {
  readonly due: number;
  readonly run: () => void;
  readonly owner: object;
}

/** Time that stands still until it is told to go on; several processes may share it, each with timers of its own. */
export class ManualClock implements TimerClock {
  private time: number;
  private timers: Timer[] = [];

  /** @param start in milliseconds since the epoch */
  constructor(start = Date.now()) {
    this.time = start;
  }

  now(): number {
    return this.time;
  }

  after(milliseconds: number, run: () => void): () => void {
    return this.of(this).after(milliseconds, run);
  }

  /** The clock of one process. */
  of(owner: object): TimerClock {
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

  /** Whoever waits for an instant up to then is called, the earliest first. */
  advance(milliseconds: number): void {
    this.time += milliseconds;
    const due = this.timers.filter((timer) => timer.due <= this.time).sort((a, b) => a.due - b.due);
    this.timers = this.timers.filter((timer) => timer.due > this.time);
    for (const timer of due) timer.run();
  }

  /** Whether a process will be woken without anybody's doing. */
  isAwaited(owner: object): boolean {
    return this.timers.some((timer) => timer.owner === owner);
  }

  /** The process is gone, and its timers with it. */
  forget(owner: object): void {
    this.timers = this.timers.filter((timer) => timer.owner !== owner);
  }
}
