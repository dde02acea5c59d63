import { z } from 'zod';
import {
  federationConfigSchema,
  federationIdSchema,
  hostSchema,
  modelIdSchema,
  tuningSchema,
} from './federation-config.ts';
import { displayNameSchema, readySchema } from './messages/handshake.ts';
import { federationStatusSchema, progressSchema } from './messages/round.ts';
import { inviteViewSchema, roundActions } from './operators.ts';

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);

/** GET /models/:id/manifest: what a base model's folder holds, so that a client can keep it and check it. */
export const modelManifestSchema = z.object({
  /** SHA-256 over names and hashes of the files, in hex. */
  revision: sha256Hex,
  /** Bytes of every part but a file's last. */
  partBytes: z.number().int().positive(),
  files: z.array(
    z.object({
      name: z.string().min(1).max(200),
      bytes: z.number().int().nonnegative(),
      sha256: sha256Hex,
      parts: z.array(sha256Hex),
    }),
  ),
});
export type ModelManifestView = z.infer<typeof modelManifestSchema>;

/** GET /api/admin/models: one of the folders in the models directory. */
export const operatorModelSchema = z.object({
  /** Of one that cannot be used, what it is called where it lies. */
  id: z.string(),
  bytes: z.number().int().nonnegative(),
  /** Why it cannot be used, in a sentence; null where it can. */
  problem: z.string().nullable(),
  /** What whoever tunes it should know, in sentences. */
  notes: z.array(z.string()).readonly(),
  /** What a model of its size is tuned with as a rule; null where its size cannot be told. */
  recipe: tuningSchema.pick({ learningRate: true, warmup: true, decay: true }).required().nullable(),
});
export type OperatorModel = z.infer<typeof operatorModelSchema>;

/** GET /api/models, for anybody: what this coordinator mirrors. */
export const modelListSchema = z.object({
  models: z.array(
    z.object({
      id: modelIdSchema,
      /** Of the files that a client would load. */
      bytes: z.number().int().nonnegative(),
      /** The config.json's model_type; null where it cannot be read. */
      modelType: z.string().max(80).nullable(),
      /** Why it cannot be used, in a sentence; null where it can. */
      problem: z.string().nullable(),
    }),
  ),
  /** Whether pages may fetch from the Hugging Face Hub: its operator says so. */
  hub: z.boolean(),
});
export type ModelList = z.infer<typeof modelListSchema>;

/** GET /api/federations/:id, for anybody: what a person should know before joining. */
export const federationSummarySchema = z.object({
  id: federationIdSchema,
  config: federationConfigSchema,
  status: federationStatusSchema,
  /** Who runs it: the config's, else the coordinator's; absent where neither says. */
  host: hostSchema.optional(),
  modelPath: z.string(),
  /** Of the base model's files. */
  modelBytes: z.number().int().nonnegative(),
  /** N. */
  layoutSize: z.number().int().positive(),
});
export type FederationSummary = z.infer<typeof federationSummarySchema>;

const perplexity = z.object({ base: z.number(), received: z.number(), tuned: z.number() });

/** One client as its operator sees it. */
const clientViewSchema = z.object({
  id: z.string(),
  name: displayNameSchema,
  connected: z.boolean(),
  device: readySchema.shape.device,
  examples: readySchema.shape.examples,
  density: z.number(),
  /** Positions of the mask on file; null before the first. */
  kept: z.number().int().nullable(),
  progress: progressSchema.nullable(),
  bytesUp: z.number().int().nonnegative(),
  bytesDown: z.number().int().nonnegative(),
  lastSeen: z.iso.datetime(),
  /** When an operator sent it away; it may come back as a new client would. */
  removedAt: z.iso.datetime().nullable().optional(),
  /** When an operator banned its key from this federation. */
  bannedAt: z.iso.datetime().nullable().optional(),
});
export type ClientView = z.infer<typeof clientViewSchema>;

const roundViewSchema = z.object({
  number: z.number().int().positive(),
  attempt: z.number().int().positive(),
  state: z.enum(['training', 'aggregating', 'committed', 'failed']),
  reason: z.string().nullable(),
  startedAt: z.iso.datetime(),
  /** When the latest try at its commit began; null before, and of rounds that are older than this figure. */
  aggregatingAt: z.iso.datetime().nullable().default(null),
  closedAt: z.iso.datetime().nullable(),
  submissions: z.array(
    z.object({
      client: z.string(),
      name: displayNameSchema,
      examples: z.number().int(),
      weight: z.number(),
      norm: z.number(),
      bytes: z.number().int(),
      loss: z.number().nullable(),
      perplexity: perplexity.nullable(),
      receivedAt: z.iso.datetime(),
    }),
  ),
});
export type RoundView = z.infer<typeof roundViewSchema>;

export const eventViewSchema = z.object({
  sequence: z.number().int().positive(),
  at: z.iso.datetime(),
  kind: z.string(),
  text: z.string(),
});
export type EventView = z.infer<typeof eventViewSchema>;

/** What an operator can do to a federation; `start` begins a first time, or with fewer than were to be recruited. */
export const operatorActions = ['start', 'pause', 'resume', 'stop'] as const;
export type OperatorAction = (typeof operatorActions)[number];

/** GET /api/admin/federations/:id. */
export const federationDetailSchema = federationSummarySchema.extend({
  /** Those that would move it now; any other is refused as a `conflict`. */
  actions: z.array(z.enum(operatorActions)),
  /** What can be done to the round in progress now. */
  roundActions: z.array(z.enum(roundActions)).optional(),
  clients: z.array(clientViewSchema),
  rounds: z.array(roundViewSchema),
  events: z.array(eventViewSchema),
  /** What lets a client in, of those that still do; empty where the federation is open, and to a viewer. */
  invites: z.array(z.object({ code: z.string(), uses: z.number().int(), createdAt: z.iso.datetime() })),
  /**
   * [PF9] What joining was worth to those who compared and share it: `ratio` is the geometric mean of their perplexities
   * together over alone. Null while they are fewer than `smallestGroup`.
   */
  joining: z
    .object({
      people: z.number().int().positive(),
      helped: z.number().int().nonnegative(),
      didNotHelp: z.number().int().nonnegative(),
      ratio: z.number().positive(),
    })
    .nullable()
    .default(null),
  /** Jaccard overlap of the masks on file, by pairs; empty unless the federation's `smallestGroup` is 1. */
  maskOverlap: z.object({ clients: z.array(z.string()), matrix: z.array(z.array(z.number())) }),
});
export type FederationDetail = z.infer<typeof federationDetailSchema>;

/**
 * GET /api/admin/federations/:id/atlas: what masks have in common, by groups of at least `smallestGroup` clients. No
 * figure of it is of fewer.
 */
export const maskAtlasSchema = z.object({
  smallestGroup: z.number().int().positive(),
  /** Masks that were grouped: of many federations' clients the first ones'. */
  masks: z.number().int().nonnegative(),
  layers: z.number().int().nonnegative(),
  /** As the layout names its projections. */
  modules: z.array(z.string()),
  /** The largest first; none where there are fewer masks than the smallest group. */
  groups: z.array(
    z.object({
      clients: z.number().int().positive(),
      /** [layers][modules]: mean share of positions that are kept, 0 … 1. */
      density: z.array(z.array(z.number().min(0).max(1))),
    }),
  ),
  /** [groups][groups]: mean Jaccard overlap of the pairs of different clients; 1 for a client alone. */
  overlap: z.array(z.array(z.number().min(0).max(1))),
});
export type MaskAtlas = z.infer<typeof maskAtlasSchema>;

/** POST /api/admin/federations/:id/actions. */
export const federationActionSchema = z.object({ action: z.enum(operatorActions) });

/** POST /api/admin/federations answers a FederationConfigInput with this. */
export const federationCreatedSchema = z.object({
  id: federationIdSchema,
  joinUrl: z.string(),
  /** Null where the federation is open. */
  invite: z.string().nullable(),
});
export type FederationCreated = z.infer<typeof federationCreatedSchema>;

/** POST /api/admin/federations/:id/invites. */
export const inviteCreatedSchema = inviteViewSchema;

/** Socket.IO namespace `/operator`: `watch` asks for the `detail` of one federation, now and at every change. */
export const watchSchema = z.object({ federation: federationIdSchema });
