/** Time as the coordinator sees it; tests pass their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs once after so many milliseconds. @returns a function that cancels it */
  after(milliseconds: number, run: () => void): () => void;
}

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
