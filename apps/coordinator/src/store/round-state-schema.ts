import type { RoundState } from '@perfit/federation';
import { z } from 'zod';

const client = z.string().max(64);
const attempt = {
  version: z.number().int().nonnegative(),
  attempt: z.number().int().positive(),
  present: z.array(client),
  submitted: z.array(client),
};
const instant = z.number();

const recruiting = z.object({ state: z.literal('recruiting'), ...attempt });
const training = z.object({
  state: z.literal('training'),
  ...attempt,
  deadline: instant,
  settleAt: instant.nullable(),
});
const aggregating = z.object({
  state: z.literal('aggregating'),
  ...attempt,
  failures: z.number().int().nonnegative(),
  retryAt: instant.nullable(),
});
const active = z.discriminatedUnion('state', [recruiting, training, aggregating]);
const paused = z.object({
  state: z.literal('paused'),
  why: z.enum(['new', 'operator']),
  held: active,
  remainingMs: z.number().nonnegative(),
});
const ended = z.object({
  state: z.enum(['finished', 'failed', 'stopped']),
  version: attempt.version,
  present: attempt.present,
  reason: z.string().nullable(),
});

/** [RD1] A federation's state as the store keeps it. */
export const roundStateSchema: z.ZodType<RoundState> = z.discriminatedUnion('state', [
  recruiting,
  training,
  aggregating,
  paused,
  ended,
]);
