import { z } from 'zod';

const perplexity = z.object({
  base: z.number().nullable(),
  received: z.number().nullable(),
  tuned: z.number().nullable(),
});

/** What `window.perfit.session()` of a tab returns, as far as a simulation reads it. */
export const sessionSchema = z.object({
  name: z.string(),
  client: z.string().nullable(),
  backend: z.string().nullable(),
  state: z.string(),
  rounds: z.array(
    z.object({
      number: z.number(),
      attempt: z.number(),
      outcome: z.enum(['open', 'committed', 'failed']),
      perplexity,
      loss: z.number().nullable(),
      seconds: z.number().nullable(),
    }),
  ),
  kept: z.number().nullable(),
  size: z.number().nullable(),
  density: z.number().nullable(),
  examples: z.object({ training: z.number(), heldOut: z.number() }).nullable(),
  bytesUp: z.number(),
  bytesDown: z.number(),
  seconds: z.number(),
  messages: z.array(
    z.object({ direction: z.enum(['up', 'down']), kind: z.string(), bytes: z.number(), at: z.string() }),
  ),
  problems: z.array(z.object({ code: z.string(), message: z.string() })),
});
export type Session = z.infer<typeof sessionSchema>;
