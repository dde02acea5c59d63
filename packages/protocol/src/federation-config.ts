import { z } from 'zod';
import { type WireDtype, wireDtypes } from './codecs/values-codec.ts';
import { PROJECTIONS } from './space/layout.ts';

// What a person reads where a value is wrong: a sentence without its full stop, since it may stand inside another.

function whole(least: number, most: number) {
  const error = `Give a whole number from ${least} to ${most}`;
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error });
}

function above0(most: number) {
  const error = `Give a number above 0, at most ${most}`;
  return z.number({ error }).positive({ error }).max(most, { error });
}

function between(least: number, most: number) {
  const error = `Give a number from ${least} to ${most}`;
  return z.number({ error }).min(least, { error }).max(most, { error });
}

/** A share of what stays from step to step: with 1 nothing would ever be forgotten. */
function decay() {
  const error = 'Give a number of at least 0 and below 1';
  return z.number({ error }).min(0, { error }).lt(1, { error });
}

function oneOf<const Names extends readonly [string, ...string[]]>(names: Names) {
  return z.enum(names, { error: `Choose one of ${names.join(', ')}` });
}

const share = above0(1);
const noCount = 'Give a whole number, 0 or more';

/** Text in one line, without control characters. */
function line(missing: string, { what, most }: { readonly what: string; readonly most: number }) {
  return z
    .string({ error: missing })
    .trim()
    .min(1, { error: missing })
    .max(most, { error: `${what} has at most ${most} characters` })
    .regex(/^[^\p{Cc}\p{Cf}]*$/u, { error: `${what} may not contain control characters` });
}

const label = line('Give it a name', { what: 'A name', most: 80 });

/** Who runs a federation, for those who are asked to join it. What it says nobody checks. */
export const hostSchema = z.object({
  name: line('Say who runs it', { what: 'A name', most: 80 }),
  /** An address that a person can write to or look up; a page makes a link of `https:` and `mailto:` alone. */
  contact: line('Say how to reach them', { what: 'An address', most: 200 }).optional(),
});
export type Host = z.infer<typeof hostSchema>;

/** Ids are made by the server or checked by it; they are safe in paths and URLs. */
export const federationIdSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/);
const noModel = "Choose one of the coordinator's models";
export const modelIdSchema = z
  .string({ error: noModel })
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/, { error: noModel });

/** Those of SPEC.md; a federation may have another one that its coordinator and its clients know. */
export const strategyNames = [
  'perfit',
  'fedit',
  'fedit+ft',
  'fedprox',
  'local',
  'random-mask',
  'sub-fedavg',
  'ffa',
  'fedsa',
  'feddpa',
  'fedalt',
  'flora',
  'hetlora',
  'flexlora',
] as const;

const noStrategy = 'Give the name of a strategy: small letters, digits, + and -, from a letter on, at most 40';
export const strategyNameSchema = z
  .string({ error: noStrategy })
  .regex(/^[a-z][a-z0-9+-]{0,39}$/, { error: noStrategy });

/** Parameters of a strategy of one's own. */
const strategyOptionsSchema = z.record(
  z.string().min(1).max(60),
  z.union([z.number(), z.boolean(), z.string().max(200)]),
);

export const loraSchema = z.object({
  /** r, the budget rank. */
  rank: whole(1, 256).default(8),
  /** c, the expansion factor; strategies that search train in rank c·r. */
  expansion: whole(1, 16).default(2),
  alpha: above0(1024).default(16),
  targets: z
    .array(z.enum(PROJECTIONS))
    .min(1, { error: 'Choose at least one' })
    .default([...PROJECTIONS]),
});

/** PF2, PF3. */
export const searchSchema = z.object({
  /** W in epochs of the client's training split. */
  warmupEpochs: between(0, 100).default(1),
  /** K. */
  iterations: whole(1, 100).default(3),
  /** S. */
  batches: whole(1, 1000).default(4),
  score: oneOf(['taylor', 'magnitude', 'gradient', 'random']).default('taylor'),
  scope: oneOf(['global', 'tensor']).default('tensor'),
  /** (c): tuning starts from m ⊙ θ_g again; else what the warm-up has learned is kept where the mask keeps it. */
  rewind: z.boolean().default(true),
  /** In so many first rounds everybody tunes the same ranks, as many as the budget allows; then masks are searched. */
  sharedRounds: whole(0, 10_000).default(0),
  /** M: search anew every M rounds; 0 searches once. */
  everyRounds: z.number({ error: noCount }).int({ error: noCount }).min(0, { error: noCount }).default(0),
  /** λ: what share of the last round's submissions owned a position raises its score by λ times that; absent is 0. */
  prior: between(0, 1000).optional(),
  /** ρ of the reference device; absent is 1/c. */
  density: share.optional(),
  /** Clients whose device tunes fewer tokens a second than `below` are offered `density` at most. */
  slowDevices: z
    .array(z.object({ below: above0(1e9), density: share }))
    .max(20)
    .default([]),
});

/** PF4. */
export const tuningSchema = z.object({
  epochs: above0(1000).default(1),
  batchSize: whole(1, 1024).default(8),
  accumulation: whole(1, 1024).default(1),
  /** T: longer examples are cut. */
  maxLength: whole(16, 32768).default(128),
  learningRate: above0(1).default(2e-3),
  /** Share of a round's steps over which the rate rises: its moments begin anew each round. Absent is 0. */
  warmup: between(0, 1).optional(),
  /** Over the rounds; a cosine falls from the rate in the first towards 0 behind the last. Absent is constant. */
  decay: oneOf(['constant', 'cosine']).optional(),
  weightDecay: between(0, 1).default(0.01),
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.999),
  epsilon: z.number().positive().max(1).default(1e-8),
  /** Global norm over owned coordinates; 0 clips nothing. */
  clipNorm: between(0, 1e6).default(1),
  /** μ of a pull μ(θ − θ_start) towards what the round started from (FedProx); 0 does not pull. */
  proximal: between(0, 1000).default(0),
});

/** PF7. */
export const personalSchema = z.object({
  /** A round starts with this share of a client's own last values at owned positions, and the rest of what came. */
  keep: between(0, 1).default(0),
});

/** PF6: what is done with the mean delta of a position. */
export const serverSchema = z.object({
  optimizer: oneOf(['none', 'momentum', 'adam']).default('none'),
  /** η; without an optimizer the mean delta is the step. */
  learningRate: above0(100).default(1),
  beta1: decay().default(0.9),
  beta2: decay().default(0.99),
  /** τ. */
  epsilon: above0(1).default(1e-3),
});

/** PF6: how much one client may move the mean. */
export const robustSchema = z.object({
  /** C: deltas that are longer are shortened to it; absent shortens none. */
  clipNorm: above0(1e6).optional(),
  mean: oneOf(['weighted', 'trimmed', 'median']).default('weighted'),
  /** What share of a position's owners goes at each end, of the trimmed mean. */
  trim: z
    .number({ error: 'Give a number of at least 0 and below 0.5' })
    .min(0, { error: 'Give a number of at least 0 and below 0.5' })
    .lt(0.5, { error: 'Give a number of at least 0 and below 0.5' })
    .default(0.2),
  /** k: a position with fewer owners takes the weighted mean. */
  minimumOwners: whole(1, 100_000).default(5),
});

/** RD2. */
export const scheduleSchema = z
  .object({
    rounds: whole(1, 10_000).default(3),
    /**
     * The federation is finished before its last round where a round's tuned personal models come so far: the median
     * perplexity of those who share theirs, at least `minimum` of them, is this or less. Absent is no target.
     */
    targetPerplexity: z
      .number({ error: 'Give a number above 1, at most 1000000' })
      .gt(1, { error: 'Give a number above 1, at most 1000000' })
      .max(1e6, { error: 'Give a number above 1, at most 1000000' })
      .optional(),
    /** The round closes as soon as so many submissions are in. */
    goal: whole(1, 100_000).default(3),
    /** Below so many submissions at the deadline the round fails and is repeated. */
    minimum: whole(1, 100_000).default(2),
    /** The first round starts when so many clients are ready. */
    recruit: whole(1, 100_000).default(3),
    deadlineSeconds: above0(604_800).default(600),
    /**
     * A round in which everybody who is connected has submitted, and the minimum is in, waits so long for those who
     * left to come back, and then closes below its goal.
     */
    settleSeconds: between(0, 604_800).default(20),
    /** A round that fails so often in a row ends the federation as `failed`. */
    maxRepeats: whole(0, 1000).default(20),
    /**
     * In so many of the last rounds everybody tunes alone and shares nothing. Of the strategies that know such rounds,
     * `fedit+ft` has a third of all where it is absent, rounded, at least one; those that search have none.
     */
    localRounds: z.number().int().min(0).max(10_000).optional(),
  })
  .refine((schedule) => schedule.minimum <= schedule.goal, {
    error: 'The minimum cannot be above the goal, which closes a round',
    path: ['minimum'],
  });

/** Of clients whose masks are shown together, where a federation does not say it. */
export const SMALLEST_GROUP = 3;

export const federationConfigSchema = z.object({
  name: label,
  description: z.string().max(2000, { error: 'A description has at most 2000 characters' }).default(''),
  /** Absent is whoever the coordinator names. */
  host: hostSchema.optional(),
  /** A folder under the coordinator's models directory. */
  model: modelIdSchema,
  lora: loraSchema.prefault({}),
  strategy: strategyNameSchema.default('perfit'),
  /** Of a strategy of one's own; those of SPEC.md have none. */
  strategyOptions: strategyOptionsSchema.optional(),
  /** PF7. */
  receive: oneOf(['owned', 'all']).default('owned'),
  search: searchSchema.prefault({}),
  tuning: tuningSchema.prefault({}),
  personal: personalSchema.prefault({}),
  server: serverSchema.prefault({}),
  schedule: scheduleSchema.prefault({}),
  /** PF6. */
  weighting: z
    .object({
      by: oneOf(['examples', 'uniform']).default('examples'),
      cap: whole(1, Number.MAX_SAFE_INTEGER).default(1000),
      /** k: a position with fewer owners in a round stays as it was, so that no sum is of few; absent is 1. */
      minOwners: whole(1, 100_000).optional(),
    })
    .prefault({}),
  /** PF6; absent is the weighted mean of what was sent. */
  robust: robustSchema.optional(),
  /** PF8. */
  evaluation: z
    .object({
      heldOut: above0(0.5).default(0.2),
      /** A share of the rest by which a client chooses the best of its rounds; 0 keeps the last. */
      validation: between(0, 0.5).default(0.1),
    })
    .prefault({}),
  /** DC2; the precision of deltas, and of what is received as far as `downDtype` allows. */
  wire: z.object({ dtype: oneOf(wireDtypes).default('f16') }).prefault({}),
  /** UP3: the most that ‖Δ‖₂ may be. */
  maxDeltaNorm: above0(1e9).default(100),
  /** Figures about masks are shown of at least so many clients together; absent is `SMALLEST_GROUP`, and 1 shows those of each. */
  smallestGroup: whole(1, 10_000).optional(),
  /** HS2. */
  access: oneOf(['open', 'invite']).default('invite'),
  seed: whole(0, 0xffffffff).default(1),
});
export type FederationConfig = z.infer<typeof federationConfigSchema>;
/** What an operator may leave out. */
export type FederationConfigInput = z.input<typeof federationConfigSchema>;

/**
 * [DC2] The precision of slices and of theta_g on their way down. Where deltas go up in int8 it is f16: θ_g itself in
 * int8 would lose what was learned below a step, and nobody could give it back as a client does with its delta (PF5a).
 */
export function downDtype({ dtype }: FederationConfig['wire']): WireDtype {
  return dtype === 'int8' ? 'f16' : dtype;
}
