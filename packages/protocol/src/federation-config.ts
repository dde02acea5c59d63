import { z } from 'zod';
import { PROJECTIONS } from './space/layout.ts';

const share = z.number().gt(0).max(1);
const count = z.number().int().positive();
const label = z
  .string()
  .trim()
  .min(1)
  .max(80)
  .regex(/^[^\p{Cc}\p{Cf}]*$/u, 'may not contain control characters');

/** Ids are made by the server or checked by it; they are safe in paths and URLs. */
export const federationIdSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/);
export const modelIdSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/);

export const strategyNames = [
  'perfit',
  'fedit',
  'fedit+ft',
  'local',
  'random-mask',
  'sub-fedavg',
  'ffa',
  'fedsa',
] as const;
export type StrategyName = (typeof strategyNames)[number];

export const loraSchema = z.object({
  /** r, the budget rank. */
  rank: count.max(256).default(8),
  /** c, the expansion factor; strategies that search train in rank c·r. */
  expansion: count.max(16).default(2),
  alpha: z.number().positive().max(1024).default(16),
  targets: z
    .array(z.enum(PROJECTIONS))
    .min(1)
    .default([...PROJECTIONS]),
});

/** PF2, PF3. */
export const searchSchema = z.object({
  /** W in epochs of the client's training split. */
  warmupEpochs: z.number().min(0).max(100).default(1),
  /** K. */
  iterations: count.max(100).default(3),
  /** S. */
  batches: count.max(1000).default(4),
  score: z.enum(['taylor', 'magnitude', 'gradient', 'random']).default('taylor'),
  scope: z.enum(['global', 'tensor']).default('tensor'),
  /** M: search anew every M rounds; 0 searches once. */
  everyRounds: z.number().int().min(0).default(0),
  /** ρ of the reference device; absent is 1/c. */
  density: share.optional(),
});

/** PF4. */
export const tuningSchema = z.object({
  epochs: z.number().positive().max(1000).default(1),
  batchSize: count.max(1024).default(8),
  accumulation: count.max(1024).default(1),
  /** T: longer examples are cut. */
  maxLength: z.number().int().min(16).max(32768).default(128),
  learningRate: z.number().positive().max(1).default(2e-3),
  weightDecay: z.number().min(0).max(1).default(0.01),
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.999),
  epsilon: z.number().positive().max(1).default(1e-8),
  /** Global norm over owned coordinates; 0 clips nothing. */
  clipNorm: z.number().min(0).default(1),
});

/** RD2. */
export const scheduleSchema = z
  .object({
    rounds: count.max(10_000).default(3),
    /** The round closes as soon as so many submissions are in. */
    goal: count.max(100_000).default(3),
    /** Below so many submissions at the deadline the round fails and is repeated. */
    minimum: count.max(100_000).default(2),
    /** The first round starts when so many clients are ready. */
    recruit: count.max(100_000).default(3),
    deadlineSeconds: z.number().positive().max(604_800).default(600),
    /**
     * A round in which everybody who is connected has submitted, and the minimum is in, waits so long for those who
     * left to come back, and then closes below its goal.
     */
    settleSeconds: z.number().min(0).max(604_800).default(20),
    /** A round that fails so often in a row ends the federation as `failed`. */
    maxRepeats: z.number().int().min(0).max(1000).default(20),
    /** `fedit+ft`: so many of the last rounds everybody tunes alone; absent is a third of all, rounded, at least one. */
    localRounds: z.number().int().min(0).max(10_000).optional(),
  })
  .refine((schedule) => schedule.minimum <= schedule.goal, {
    message: 'the minimum of a round cannot be above its goal',
    path: ['minimum'],
  });

export const federationConfigSchema = z.object({
  name: label,
  description: z.string().max(2000).default(''),
  /** A folder under the coordinator's models directory. */
  model: modelIdSchema,
  lora: loraSchema.prefault({}),
  strategy: z.enum(strategyNames).default('perfit'),
  /** PF7. */
  receive: z.enum(['owned', 'all']).default('owned'),
  search: searchSchema.prefault({}),
  tuning: tuningSchema.prefault({}),
  schedule: scheduleSchema.prefault({}),
  /** PF6. */
  weighting: z
    .object({ by: z.enum(['examples', 'uniform']).default('examples'), cap: count.default(1000) })
    .prefault({}),
  /** PF8. */
  evaluation: z.object({ heldOut: z.number().gt(0).max(0.5).default(0.2) }).prefault({}),
  /** DC2; the precision of deltas and of received slices. */
  wire: z.object({ dtype: z.enum(['f32', 'f16']).default('f16') }).prefault({}),
  /** UP3: the most that ‖Δ‖₂ may be. */
  maxDeltaNorm: z.number().positive().default(100),
  /** HS2. */
  access: z.enum(['open', 'invite']).default('invite'),
  seed: z.number().int().min(0).max(0xffffffff).default(1),
});
export type FederationConfig = z.infer<typeof federationConfigSchema>;
/** What an operator may leave out. */
export type FederationConfigInput = z.input<typeof federationConfigSchema>;
