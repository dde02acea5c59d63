/** How fast this device works: the running mean of what its latest steps took, and of how many. */
export interface Pace {
  readonly millisecondsARow: number;
  readonly steps: number;
}

/** The first steps of a run also compile and warm up: fewer say nothing. */
const STEPS_TO_TRUST = 3;
const SHARE_OF_LATEST = 0.2;

/** @param millisecondsARow of the latest step, one row in one pass */
export function withStepTime(pace: Pace | null, millisecondsARow: number): Pace {
  // The first step's time is forgotten as soon as there is a second one.
  if (!pace || pace.steps === 1) return { millisecondsARow, steps: (pace?.steps ?? 0) + 1 };
  const mean = (1 - SHARE_OF_LATEST) * pace.millisecondsARow + SHARE_OF_LATEST * millisecondsARow;
  return { millisecondsARow: mean, steps: pace.steps + 1 };
}

/** @returns null where too little was measured */
export function trustedPace(pace: Pace | null): number | null {
  return pace && pace.steps >= STEPS_TO_TRUST ? pace.millisecondsARow : null;
}
