import type { Conclude, Consent, DeltaReport, FederationConfig, OperatorRole, Ready } from '@perfit/protocol';
import {
  bigint,
  boolean,
  doublePrecision,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from 'drizzle-orm/pg-core';

// The tables of migrations/*.sql, typed. A change here comes with a migration.

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const operators = pgTable('operators', {
  name: text('name').primaryKey(),
  passwordHash: text('password_hash').notNull(),
  role: text('role').$type<OperatorRole>().notNull(),
  createdAt: instant('created_at').notNull(),
});

export const sessions = pgTable('sessions', {
  id: text('id').primaryKey(),
  operator: text('operator').notNull(),
  address: text('address').notNull(),
  agent: text('agent').notNull(),
  createdAt: instant('created_at').notNull(),
  lastSeen: instant('last_seen').notNull(),
  expiresAt: instant('expires_at').notNull(),
});

export const apiKeys = pgTable('api_keys', {
  id: text('id').primaryKey(),
  label: text('label').notNull(),
  role: text('role').$type<OperatorRole>().notNull(),
  secretHash: text('secret_hash').notNull(),
  createdBy: text('created_by').notNull(),
  createdAt: instant('created_at').notNull(),
  expiresAt: instant('expires_at'),
  lastUsed: instant('last_used'),
  revokedAt: instant('revoked_at'),
});

export const audit = pgTable('audit', {
  sequence: bigint('sequence', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  at: instant('at').notNull(),
  actor: text('actor'),
  actorKind: text('actor_kind').$type<'operator' | 'key' | 'stranger'>().notNull(),
  address: text('address').notNull(),
  action: text('action').notNull(),
  target: text('target'),
  outcome: text('outcome').notNull(),
});

export const federations = pgTable('federations', {
  id: text('id').primaryKey(),
  config: jsonb('config').$type<FederationConfig>().notNull(),
  layoutHash: text('layout_hash').notNull(),
  layoutSize: integer('layout_size').notNull(),
  /** Parsed by `roundStateSchema` when it is read. */
  state: jsonb('state').$type<unknown>().notNull(),
  eventCount: integer('event_count').notNull(),
  createdAt: instant('created_at').notNull(),
});

export const versions = pgTable(
  'versions',
  {
    federation: text('federation').notNull(),
    version: integer('version').notNull(),
    blob: text('blob').notNull(),
    momentsBlob: text('moments_blob'),
    ownersBlob: text('owners_blob'),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.federation, table.version] })],
);

export const invites = pgTable('invites', {
  code: text('code').primaryKey(),
  federation: text('federation').notNull(),
  /** Where the code must not stand, it is named by this. */
  id: text('id').notNull(),
  label: text('label'),
  uses: integer('uses').notNull(),
  maxUses: integer('max_uses'),
  createdAt: instant('created_at').notNull(),
  expiresAt: instant('expires_at'),
  revokedAt: instant('revoked_at'),
});

export const clients = pgTable(
  'clients',
  {
    federation: text('federation').notNull(),
    id: text('id').notNull(),
    publicKey: text('public_key').notNull(),
    name: text('name').notNull(),
    agent: text('agent').notNull(),
    device: jsonb('device').$type<Ready['device']>().notNull(),
    examples: jsonb('examples').$type<Ready['examples']>().notNull(),
    density: doublePrecision('density').notNull(),
    shareEvaluation: boolean('share_evaluation').notNull(),
    consent: jsonb('consent').$type<Consent>(),
    conclusion: jsonb('conclusion').$type<Conclude>(),
    maskBlob: text('mask_blob'),
    maskHash: text('mask_hash'),
    maskBytes: integer('mask_bytes'),
    maskKept: integer('mask_kept'),
    maskRound: integer('mask_round'),
    bytesUp: bigint('bytes_up', { mode: 'number' }).notNull(),
    bytesDown: bigint('bytes_down', { mode: 'number' }).notNull(),
    joinedAt: instant('joined_at').notNull(),
    lastSeen: instant('last_seen').notNull(),
    removedAt: instant('removed_at'),
    bannedAt: instant('banned_at'),
    banReason: text('ban_reason'),
  },
  (table) => [primaryKey({ columns: [table.federation, table.id] })],
);

export const rounds = pgTable(
  'rounds',
  {
    federation: text('federation').notNull(),
    number: integer('number').notNull(),
    attempt: integer('attempt').notNull(),
    state: text('state').$type<'training' | 'aggregating' | 'committed' | 'failed'>().notNull(),
    reason: text('reason'),
    startedAt: instant('started_at').notNull(),
    /** Of the latest try at its commit. */
    aggregatingAt: instant('aggregating_at'),
    closedAt: instant('closed_at'),
  },
  (table) => [primaryKey({ columns: [table.federation, table.number, table.attempt] })],
);

export const submissions = pgTable(
  'submissions',
  {
    federation: text('federation').notNull(),
    round: integer('round').notNull(),
    client: text('client').notNull(),
    attempt: integer('attempt').notNull(),
    position: integer('position').notNull(),
    sha256: text('sha256').notNull(),
    bytes: integer('bytes').notNull(),
    report: jsonb('report').$type<DeltaReport>().notNull(),
    weight: doublePrecision('weight').notNull(),
    norm: doublePrecision('norm').notNull(),
    maskBlob: text('mask_blob').notNull(),
    maskHash: text('mask_hash').notNull(),
    receivedAt: instant('received_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.federation, table.round, table.client] })],
);

export const events = pgTable(
  'events',
  {
    federation: text('federation').notNull(),
    sequence: integer('sequence').notNull(),
    at: instant('at').notNull(),
    kind: text('kind').notNull(),
    text: text('text').notNull(),
    data: jsonb('data').$type<Record<string, unknown>>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.federation, table.sequence] })],
);
