/**
 * Every test has its form in `npm test`; some have a long one in `npm run test:all`: more schedules, more kills, the
 * large model. There is no third.
 */
export const isLongForm = process.env.PERFIT_TEST_FORM === 'long';

/** How much of something, in either form. */
export function inForm<T>({ short, long }: { short: T; long: T }): T {
  return isLongForm ? long : short;
}

/** Why a test that has no short form is left out of `npm test`. */
export const longFormReason = 'long forms: npm run test:all runs them';
