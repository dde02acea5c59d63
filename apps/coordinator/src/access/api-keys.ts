import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type ApiKeyView, type OperatorRole, ProtocolError } from '@perfit/protocol';
import type { Clock } from '../clock.ts';
import { randomId } from '../random-id.ts';
import type { AccessStore, ApiKeyRow } from '../store/access-store.ts';
import type { Principal } from './principal.ts';

const DAY_MS = 24 * 3_600_000;
/** A use is noted at most so often: not every request writes. */
const NOTED_EVERY_MS = 60_000;
const SHAPE = /^perfit_([A-Za-z0-9_-]{12})_([A-Za-z0-9_-]{43})$/;

/** What programs show instead of a login: told once, kept as a hash. 256 random bits need no slow hash. */
export class ApiKeys {
  private readonly store: AccessStore;
  private readonly clock: Clock;

  constructor(store: AccessStore, clock: Clock) {
    this.store = store;
    this.clock = clock;
  }

  async add(wanted: {
    label: string;
    role: OperatorRole;
    expiresInDays: number | null;
    createdBy: string;
  }): Promise<{ view: ApiKeyView; key: string }> {
    const { label, role, expiresInDays, createdBy } = wanted;
    const now = this.clock.now();
    const id = randomId(9);
    const secret = randomBytes(32).toString('base64url');
    const row: ApiKeyRow = {
      id,
      label,
      role,
      secretHash: hashOf(secret).toString('hex'),
      createdBy,
      createdAt: new Date(now),
      expiresAt: expiresInDays === null ? null : new Date(now + expiresInDays * DAY_MS),
      lastUsed: null,
      revokedAt: null,
    };
    await this.store.addKey(row);
    return { view: viewOf(row), key: `perfit_${id}_${secret}` };
  }

  async list(): Promise<ApiKeyView[]> {
    return (await this.store.keys()).map(viewOf);
  }

  /** @throws ProtocolError `not-found` */
  async revoke(id: string): Promise<void> {
    if (await this.store.revokeKey(id, new Date(this.clock.now()))) return;
    throw new ProtocolError('not-found', `There is no API key "${id}" that could be revoked.`);
  }

  /** @returns null for what is no key, is over or is revoked */
  async principal(presented: string): Promise<Principal | null> {
    const [, id, secret] = SHAPE.exec(presented) ?? [];
    if (!id || !secret) return null;
    const row = await this.store.key(id);
    const now = this.clock.now();
    if (!row || !timingSafeEqual(hashOf(secret), Buffer.from(row.secretHash, 'hex'))) return null;
    if (row.revokedAt || (row.expiresAt && row.expiresAt.getTime() <= now)) return null;
    if (now - (row.lastUsed?.getTime() ?? 0) >= NOTED_EVERY_MS) await this.store.seeKey(id, new Date(now));
    return { kind: 'key', id, name: row.label, role: row.role, expiresAt: row.expiresAt };
  }
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function viewOf(row: ApiKeyRow): ApiKeyView {
  const { id, label, role, createdBy, createdAt, expiresAt, lastUsed, revokedAt } = row;
  return {
    id,
    label,
    role,
    createdBy,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    lastUsed: lastUsed?.toISOString() ?? null,
    revokedAt: revokedAt?.toISOString() ?? null,
  };
}
