import { randomBytes } from 'node:crypto';
import { ProtocolError, type SessionListEntry } from '@perfit/protocol';
import { jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../clock.ts';
import type { AccessStore, OperatorRow, SessionRow } from '../store/access-store.ts';
import type { Principal } from './principal.ts';

export interface OpenedSession {
  readonly principal: Principal & { readonly expiresAt: Date };
  /** For the cookie. */
  readonly token: string;
}

const SESSION_MS = 12 * 3_600_000;
/** That it was seen is noted at most so often: not every request writes. */
const NOTED_EVERY_MS = 60_000;
const ISSUER = 'perfit-coordinator';

/** Operators who have logged in: each session is on file, so that it can be seen and ended. */
export class Sessions {
  private readonly store: AccessStore;
  private readonly secret: Uint8Array;
  private readonly clock: Clock;
  private readonly listeners = new Set<(ids: readonly string[]) => void>();

  constructor(parts: { store: AccessStore; secret: Uint8Array; clock: Clock }) {
    this.store = parts.store;
    this.secret = parts.secret;
    this.clock = parts.clock;
  }

  async open(operator: OperatorRow, from: { address: string; agent: string }): Promise<OpenedSession> {
    const now = new Date(this.clock.now());
    const expiresAt = new Date(Math.floor((now.getTime() + SESSION_MS) / 1000) * 1000);
    const id = randomBytes(16).toString('base64url');
    await this.store.removeSessionsBefore(now);
    await this.store.addSession({
      id,
      operator: operator.name,
      address: from.address,
      agent: printable(from.agent),
      createdAt: now,
      lastSeen: now,
      expiresAt,
    });
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(ISSUER)
      .setSubject(operator.name)
      .setJti(id)
      .setExpirationTime(expiresAt)
      .sign(this.secret);
    return { principal: { kind: 'operator', id, name: operator.name, role: operator.role, expiresAt }, token };
  }

  /** @returns null for a token that is none, or whose session is over or ended */
  async principal(token: string): Promise<Principal | null> {
    const id = await this.idOf(token);
    const row = id === null ? null : await this.store.session(id);
    const now = this.clock.now();
    if (!row || row.expiresAt.getTime() <= now) return null;
    const operator = await this.store.operator(row.operator);
    if (!operator) return null;
    if (now - row.lastSeen.getTime() >= NOTED_EVERY_MS) await this.store.seeSession(row.id, new Date(now));
    return { kind: 'operator', id: row.id, name: operator.name, role: operator.role, expiresAt: row.expiresAt };
  }

  /** What `principal` may see: its own, an admin's are all. */
  async list(principal: Principal): Promise<SessionListEntry[]> {
    const whose = principal.role === 'admin' ? undefined : ownName(principal);
    const rows = await this.store.sessions(new Date(this.clock.now()), whose);
    return rows.map((row) => viewOf(row, principal));
  }

  /** One of its own, an admin any. @throws ProtocolError `not-found` */
  async end(id: string, principal: Principal): Promise<void> {
    const row = await this.store.session(id);
    if (!row || (principal.role !== 'admin' && row.operator !== ownName(principal))) {
      throw new ProtocolError('not-found', 'There is no such session.');
    }
    await this.endThese([id]);
  }

  /** @param why what ends them, done before: where it fails, they stay */
  async endAllOf(operator: string, why: () => Promise<void> = async () => {}): Promise<void> {
    const rows = await this.store.sessions(new Date(0), operator);
    await why();
    await this.endThese(rows.map((row) => row.id));
  }

  /** Called with the ids of sessions that were ended before their time. @returns a function that ends the subscription */
  onEnd(listener: (ids: readonly string[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private async endThese(ids: readonly string[]): Promise<void> {
    await this.store.removeSessions(ids);
    for (const listener of this.listeners) listener(ids);
  }

  private async idOf(token: string): Promise<string | null> {
    try {
      const currentDate = new Date(this.clock.now());
      const { payload } = await jwtVerify(token, this.secret, { issuer: ISSUER, algorithms: ['HS256'], currentDate });
      return payload.jti ?? null;
    } catch {
      return null;
    }
  }
}

/** A key has no sessions of its own, whatever its label is. */
function ownName({ kind, name }: Principal): string {
  return kind === 'operator' ? name : '';
}

function viewOf(row: SessionRow, principal: Principal): SessionListEntry {
  const { id, operator, address, agent, createdAt, lastSeen, expiresAt } = row;
  return {
    id,
    operator,
    address,
    agent,
    createdAt: createdAt.toISOString(),
    lastSeen: lastSeen.toISOString(),
    expiresAt: expiresAt.toISOString(),
    current: principal.kind === 'operator' && principal.id === id,
  };
}

/** A user agent is whatever somebody sent. */
function printable(agent: string): string {
  return agent.replace(/[\p{Cc}\p{Cf}]/gu, ' ').slice(0, 200);
}
