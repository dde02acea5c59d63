import { z } from 'zod';
import { federationIdSchema } from './federation-config.ts';
import { displayNameSchema } from './messages/handshake.ts';

/** Who may do what at the coordinator, least first: a role may do whatever the ones before it may. */
export const operatorRoles = ['viewer', 'operator', 'admin'] as const;
export type OperatorRole = (typeof operatorRoles)[number];
const operatorRoleSchema = z.enum(operatorRoles);

/** Whether somebody with the role `has` may do what needs the role `needs`. */
export function isRoleEnough(has: OperatorRole, needs: OperatorRole): boolean {
  return operatorRoles.indexOf(has) >= operatorRoles.indexOf(needs);
}

/** A password that is to be kept; whatever is tried at a login is only bounded. */
const newPasswordSchema = z.string().min(12, 'a password has at least 12 characters').max(200);
const serverMadeId = z.string().regex(/^[A-Za-z0-9_-]{1,40}$/);
const instant = z.iso.datetime();

/** POST /api/admin/login. */
export const loginSchema = z.object({ name: z.string().min(1).max(60), password: z.string().min(1).max(200) });
/** GET /api/admin/session: who asks. `id` is null for an API key. */
export const sessionSchema = z.object({
  name: z.string(),
  role: operatorRoleSchema,
  id: serverMadeId.nullable(),
  /** Null for a key that does not expire. */
  expiresAt: instant.nullable(),
});

/** POST /api/admin/password: ends every session of its operator but the new one that it answers with. */
export const passwordChangeSchema = z.object({ current: z.string().min(1).max(200), next: newPasswordSchema });

/** GET /api/admin/sessions: one's own, and to an admin everybody's. */
export const sessionListSchema = z.array(
  z.object({
    id: serverMadeId,
    operator: z.string(),
    address: z.string(),
    agent: z.string(),
    createdAt: instant,
    lastSeen: instant,
    expiresAt: instant,
    /** The one that asks. */
    current: z.boolean(),
  }),
);
export type SessionListEntry = z.infer<typeof sessionListSchema>[number];

/** GET /api/admin/operators. */
export const operatorAccountSchema = z.object({ name: z.string(), role: operatorRoleSchema, createdAt: instant });
export type OperatorAccount = z.infer<typeof operatorAccountSchema>;
/** POST /api/admin/operators. Without a password one is made up, and told in the answer only. */
export const newOperatorSchema = z.object({
  name: displayNameSchema,
  role: operatorRoleSchema,
  password: newPasswordSchema.optional(),
});
export const operatorCreatedSchema = operatorAccountSchema.extend({ password: z.string().nullable() });
/** PATCH /api/admin/operators/:name. */
export const operatorChangeSchema = z
  .object({ role: operatorRoleSchema.optional(), password: newPasswordSchema.optional() })
  .refine(({ role, password }) => role !== undefined || password !== undefined, 'names nothing to change');

/** GET /api/admin/keys. */
export const apiKeyViewSchema = z.object({
  id: serverMadeId,
  label: z.string(),
  role: operatorRoleSchema,
  createdBy: z.string(),
  createdAt: instant,
  expiresAt: instant.nullable(),
  lastUsed: instant.nullable(),
  revokedAt: instant.nullable(),
});
export type ApiKeyView = z.infer<typeof apiKeyViewSchema>;
/** POST /api/admin/keys; null days: until it is revoked. */
export const newApiKeySchema = z.object({
  label: displayNameSchema,
  role: operatorRoleSchema,
  expiresInDays: z.number().int().min(1).max(3650).nullable().default(90),
});
/** `key` goes into `Authorization: Bearer` and is told this once. */
export const apiKeyCreatedSchema = apiKeyViewSchema.extend({ key: z.string() });

/** GET /api/admin/audit: newest first. */
export const auditQuerySchema = z.object({
  /** Only what came before this sequence number: the last one of a page asks for the next page. */
  before: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  actor: z.string().max(200).optional(),
  /** A deed, or all of one kind with its dot: `federation.` */
  action: z.string().max(60).optional(),
  target: z.string().max(200).optional(),
  /** `done`, or the code of the refusal. */
  outcome: z.string().max(60).optional(),
});
export const auditPageSchema = z.object({
  entries: z.array(
    z.object({
      sequence: z.number().int().positive(),
      at: instant,
      /** An operator's name, a key's label, or nobody that is known. */
      actor: z.string().nullable(),
      actorKind: z.enum(['operator', 'key', 'stranger']),
      address: z.string(),
      action: z.string(),
      target: z.string().nullable(),
      outcome: z.string(),
    }),
  ),
  /** What `before` must be for the next page; null at the end. */
  next: z.number().int().positive().nullable(),
});
export type AuditPage = z.infer<typeof auditPageSchema>;

/** POST /api/admin/federations/:id/invites; nothing of it needs to be said. */
export const newInviteSchema = z.object({
  label: displayNameSchema.optional(),
  /** How many clients it lets in; without it any number. */
  maxUses: z.number().int().min(1).max(100_000).optional(),
  expiresInHours: z
    .number()
    .positive()
    .max(24 * 366)
    .optional(),
});
export type NewInvite = z.infer<typeof newInviteSchema>;
/** GET /api/admin/federations/:id/invites. */
export const inviteViewSchema = z.object({
  id: serverMadeId,
  code: z.string(),
  joinUrl: z.string(),
  label: z.string().nullable(),
  uses: z.number().int().nonnegative(),
  /** Null: any number. */
  usesLeft: z.number().int().nonnegative().nullable(),
  createdAt: instant,
  expiresAt: instant.nullable(),
  revokedAt: instant.nullable(),
  /** Whether it would let a new client in now. */
  usable: z.boolean(),
});
export type InviteView = z.infer<typeof inviteViewSchema>;

/** POST /api/admin/federations/:id/clients/:client/actions. `remove`: may come back as a new client would. */
const clientActions = ['remove', 'ban', 'unban'] as const;
export type ClientAction = (typeof clientActions)[number];
export const clientActionSchema = z.object({
  action: z.enum(clientActions),
  /** For the log, and for a banned client's eyes. */
  reason: displayNameSchema.optional(),
});

/** POST /api/admin/federations/:id/rounds/:round/actions, on the round in progress. */
export const roundActions = ['repeat', 'skip'] as const;
export type RoundAction = (typeof roundActions)[number];
export const roundActionSchema = z.object({ action: z.enum(roundActions) });

/** GET /api/admin/federations/:id/events: oldest first after `after`, or else the newest `limit`. */
export const eventQuerySchema = z.object({
  after: z.coerce.number().int().nonnegative().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
  /** Comma-separated. */
  kinds: z
    .string()
    .max(500)
    .transform((kinds) => kinds.split(',').filter((kind) => kind !== ''))
    .optional(),
});

/** What one route asks for in its path. */
export const byFederationSchema = z.object({ id: federationIdSchema });
