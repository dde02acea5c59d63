import type { TimerClock } from '@perfit/federation/coordinator';

export type Clock = TimerClock;

/** `setTimeout` fires at once for more than 2³¹-1 ms. */
const LONGEST_TIMER_MS = 0x7fffffff;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, run) {
    let timer: NodeJS.Timeout;
    const wait = (left: number) => {
      const piece = Math.min(left, LONGEST_TIMER_MS);
      timer = setTimeout(() => (left > piece ? wait(left - piece) : run()), piece);
    };
    wait(Math.max(0, milliseconds));
    return () => clearTimeout(timer);
  },
};
