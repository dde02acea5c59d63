import { z } from 'zod';
import { sha256Schema } from './handshake.ts';

const roundNumber = z.number().int().positive();
/** How often theta_g was committed: 0 is θ⁰, which everybody derives from the seed (PF1). */
const version = z.number().int().nonnegative();

/** server → client: take part in this round. Sent again to a client that comes back before it has submitted. */
export const roundOfferSchema = z.object({
  round: roundNumber,
  /** A round that failed is offered again under its number with the next attempt. */
  attempt: z.number().int().positive(),
  version,
  /** [RD2] Milliseconds until the deadline, by the server's clock. */
  remainingMs: z.number().nonnegative(),
  /** [PF2] ρ_i. */
  density: z.number().gt(0).max(1),
  /** [PF3] The client must find a new mask even if it has one. */
  searchAnew: z.boolean(),
});
export type RoundOffer = z.infer<typeof roundOfferSchema>;

/** server → client: the round is over. After `committed` the new slice of theta_g can be downloaded. */
export const roundClosedSchema = z.object({
  round: roundNumber,
  attempt: z.number().int().positive(),
  outcome: z.enum(['committed', 'failed']),
  version,
  submissions: z.number().int().nonnegative(),
  /** A sentence, where it failed. */
  reason: z.string().max(500).optional(),
});
export type RoundClosed = z.infer<typeof roundClosedSchema>;

/** server → client: how the federation stands; sent after `ready` and at every change. */
export const federationStatusSchema = z.object({
  state: z.enum(['recruiting', 'training', 'aggregating', 'paused', 'finished', 'failed', 'stopped']),
  round: z.number().int().nonnegative(),
  rounds: roundNumber,
  version,
  ready: z.number().int().nonnegative(),
  recruit: z.number().int().positive(),
  reason: z.string().max(500).optional(),
});
export type FederationStatus = z.infer<typeof federationStatusSchema>;

/** client → server, without an answer and droppable: how far it is. */
export const progressSchema = z.object({
  round: roundNumber,
  /** `paused`: its person has stopped the computing for a while; a server that does not know it drops the notice. */
  phase: z.enum(['loading', 'warm-up', 'search', 'download', 'evaluate', 'tune', 'upload', 'waiting', 'paused']),
  /** 0 … 1 of the phase. */
  done: z.number().min(0).max(1),
  loss: z.number().optional(),
});
export type Progress = z.infer<typeof progressSchema>;

/** [PF9] What a client came to at the end, sent only where it agrees (PF8) and has compared with tuning alone. */
export const concludeSchema = z.object({
  verdict: z.enum(['helped', 'did-not-help', 'cannot-tell']),
  perplexity: z.object({
    together: z.number().positive(),
    alone: z.number().positive(),
    kept: z.number().positive(),
  }),
});
export type Conclude = z.infer<typeof concludeSchema>;

/** [UP1] What goes with a delta. Perplexities only where the client agrees (PF8). */
const deltaReportSchema = z.object({
  /** n_i, self-reported, capped by the server (PF6). */
  examples: z.number().int().positive(),
  steps: z.number().int().nonnegative(),
  seconds: z.number().nonnegative(),
  loss: z.number().optional(),
  perplexity: z
    .object({ base: z.number().positive(), received: z.number().positive(), tuned: z.number().positive() })
    .optional(),
});
export type DeltaReport = z.infer<typeof deltaReportSchema>;

/** [UP1] client → server. */
export const announceSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('mask'),
    round: roundNumber,
    bytes: z.number().int().positive(),
    sha256: sha256Schema,
  }),
  z.object({
    kind: z.literal('delta'),
    round: roundNumber,
    attempt: z.number().int().positive(),
    bytes: z.number().int().positive(),
    sha256: sha256Schema,
    report: deltaReportSchema,
  }),
]);
export type Announce = z.infer<typeof announceSchema>;

/** The answer to a whole upload, kept so that a repeat gets the same (UP4). */
export const receiptSchema = z.object({
  kind: z.enum(['mask', 'delta']),
  round: roundNumber,
  sha256: sha256Schema,
  bytes: z.number().int().positive(),
});
export type Receipt = z.infer<typeof receiptSchema>;

/** Go on from `offset`, or nothing is left to send (UP2, UP4). */
export const announceReplySchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('send'), upload: z.string().max(64), offset: z.number().int().nonnegative() }),
  z.object({ state: z.literal('done'), receipt: receiptSchema }),
]);

/** Socket.IO hands binaries over as ArrayBuffer in browsers and as Buffer in Node. */
const binary = z.union([z.instanceof(Uint8Array), z.instanceof(ArrayBuffer)], 'must be binary').transform(asBytes);

function asBytes(value: Uint8Array | ArrayBuffer): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array(value);
}

/** [UP2] client → server. */
export const chunkSchema = z.object({
  upload: z.string().max(64),
  offset: z.number().int().nonnegative(),
  data: binary,
});
export const chunkReplySchema = z.object({ offset: z.number().int().nonnegative() });

/** [UP3] client → server, after the last chunk: check it and count it. */
export const completeSchema = z.object({ upload: z.string().max(64) });

/**
 * client → server: a piece of theta_g at `version`, in DC2 form.
 * `slice` is what the mask on file owns (PF7); `theta` is all of it, for a search and for `receive: all`; `owners` is
 * not theta_g but which share of the version's submissions owned each position, for a search with a prior (PF3).
 */
export const downloadSchema = z.object({
  what: z.enum(['slice', 'theta', 'owners']),
  version,
  offset: z.number().int().nonnegative(),
});
export const downloadReplySchema = z.object({
  data: binary,
  total: z.number().int().nonnegative(),
  sha256: sha256Schema,
});
