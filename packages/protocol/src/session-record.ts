import { z } from 'zod';

const perplexity = z.object({
  base: z.number().nullable(),
  received: z.number().nullable(),
  tuned: z.number().nullable(),
});

/** What a client's session was, for automation and reports: a tab answers `window.perfit.session()` with it. */
export const sessionRecordSchema = z.object({
  name: z.string(),
  /** Null before the coordinator has welcomed the client. */
  client: z.string().nullable(),
  backend: z.enum(['webgpu', 'wasm', 'cpu']).nullable(),
  /** For people. */
  device: z.string().nullable(),
  federation: z.string(),
  state: z.enum(['idle', 'loading', 'recruiting', 'searching', 'tuning', 'uploading', 'waiting', 'finished', 'failed']),
  rounds: z.array(
    z.object({
      number: z.number().int(),
      attempt: z.number().int(),
      /** `open` while it runs. */
      outcome: z.enum(['open', 'committed', 'failed']),
      perplexity,
      /** Of the last step; null where nothing was tuned. */
      loss: z.number().nullable(),
      /** From the offer to the submission, or to the close where nothing was submitted. */
      seconds: z.number().nullable(),
    }),
  ),
  /** Positions of the mask; null before the first search. */
  kept: z.number().int().nullable(),
  /** N. */
  size: z.number().int().nullable(),
  density: z.number().nullable(),
  examples: z.object({ training: z.number().int(), heldOut: z.number().int() }).nullable(),
  /** What the client chose to keep when the federation had ended, and whether joining helped; null before. */
  conclusion: z
    .object({
      round: z.number().int(),
      of: z.string(),
      perplexity: z.object({ together: z.number(), alone: z.number().nullable(), kept: z.number() }),
      joining: z
        .object({
          verdict: z.enum(['helped', 'did-not-help', 'cannot-tell']),
          ratio: z.number(),
          low: z.number(),
          high: z.number(),
          rows: z.number().int(),
        })
        .nullable(),
    })
    .nullable(),
  bytesUp: z.number().int(),
  bytesDown: z.number().int(),
  /** Since the session began. */
  seconds: z.number(),
  messages: z.array(
    z.object({
      direction: z.enum(['up', 'down']),
      kind: z.string(),
      bytes: z.number().int(),
      at: z.iso.datetime(),
    }),
  ),
  problems: z.array(z.object({ code: z.string(), message: z.string() })),
});
export type SessionRecord = z.infer<typeof sessionRecordSchema>;
export type SessionPhase = SessionRecord['state'];

/** Before the first start. */
export const emptySessionRecord: SessionRecord = {
  name: '',
  client: null,
  backend: null,
  device: null,
  federation: '',
  state: 'idle',
  rounds: [],
  kept: null,
  size: null,
  density: null,
  examples: null,
  conclusion: null,
  bytesUp: 0,
  bytesDown: 0,
  seconds: 0,
  messages: [],
  problems: [],
};
