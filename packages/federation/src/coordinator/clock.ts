/** Time as a coordinator sees it. */
export interface TimerClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs once after so many milliseconds. @returns a function that cancels it */
  after(milliseconds: number, run: () => void): () => void;
}
