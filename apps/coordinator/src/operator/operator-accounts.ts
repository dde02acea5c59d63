import { createHash, randomBytes } from 'node:crypto';
import { ProtocolError } from '@perfit/protocol';
import { jwtVerify, SignJWT } from 'jose';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Clock } from '../clock.ts';
import type { OperatorRow, Store } from '../store/store.ts';
import { hashPassword, isPassword } from './passwords.ts';

export interface Session {
  readonly name: string;
  readonly expiresAt: Date;
}

const SESSION_MS = 12 * 3_600_000;
const FAILURES_COUNT_SECONDS = 15 * 60;
const ISSUER = 'perfit-coordinator';

/** Who may run federations: a name and a password, then a signed session. */
export class OperatorAccounts {
  private readonly store: Store;
  private readonly secret: Uint8Array;
  private readonly clock: Clock;
  private readonly failures: RateLimiterMemory;
  /** For names that do not exist: their answer takes as long as any. */
  private decoy: Promise<string> | null = null;

  constructor(parts: { store: Store; secret: Uint8Array; clock: Clock; loginFailures: number }) {
    this.store = parts.store;
    this.secret = parts.secret;
    this.clock = parts.clock;
    this.failures = new RateLimiterMemory({ points: parts.loginFailures, duration: FAILURES_COUNT_SECONDS });
  }

  /**
   * The first start makes an operator. A wanted one is made, or has its password changed, at any start.
   * @returns the password where it was made up here: nobody can read it later
   */
  async ensure(wanted?: { name: string; password: string }): Promise<{ name: string; password: string | null }> {
    if (wanted) {
      const known = await this.store.operator(wanted.name);
      if (!known || !(await isPassword(wanted.password, known.passwordHash)))
        await this.save(wanted.name, wanted.password);
      return { name: wanted.name, password: null };
    }
    const known = await this.store.anyOperator();
    if (known) return { name: known.name, password: null };
    const password = randomBytes(15).toString('base64url');
    await this.save('operator', password);
    return { name: 'operator', password };
  }

  /** @returns the session and its token. @throws ProtocolError `login-failed` | `rate-limited` */
  async login(name: string, password: string, address: string): Promise<{ session: Session; token: string }> {
    const keys = [`address ${address}`, `name ${name}`];
    for (const key of keys) {
      const failed = await this.failures.get(key);
      if (failed && failed.consumedPoints >= this.failures.points) {
        const retryAfterMs = failed.msBeforeNext;
        throw new ProtocolError('rate-limited', 'Too many failed logins; try again in some minutes.', { retryAfterMs });
      }
    }
    const row = await this.store.operator(name);
    this.decoy ??= hashPassword(randomBytes(16).toString('hex'));
    const isRight = await isPassword(password, row?.passwordHash ?? (await this.decoy));
    if (!row || !isRight) {
      for (const key of keys) await this.failures.consume(key).catch(() => {});
      throw new ProtocolError('login-failed', 'Name or password is wrong.');
    }
    for (const key of keys) await this.failures.delete(key);
    return this.open(row);
  }

  /** @returns null for a token that is none, is over, or was given out before the password changed */
  async session(token: string | undefined): Promise<Session | null> {
    if (!token) return null;
    try {
      const currentDate = new Date(this.clock.now());
      const { payload } = await jwtVerify(token, this.secret, { issuer: ISSUER, algorithms: ['HS256'], currentDate });
      const row = await this.store.operator(payload.sub ?? '');
      if (!row || payload.for !== fingerprint(row)) return null;
      return { name: row.name, expiresAt: new Date((payload.exp as number) * 1000) };
    } catch {
      return null;
    }
  }

  private async open(row: OperatorRow): Promise<{ session: Session; token: string }> {
    const expiresAt = new Date(Math.floor((this.clock.now() + SESSION_MS) / 1000) * 1000);
    const token = await new SignJWT({ for: fingerprint(row) })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(ISSUER)
      .setSubject(row.name)
      .setExpirationTime(expiresAt)
      .sign(this.secret);
    return { session: { name: row.name, expiresAt }, token };
  }

  private async save(name: string, password: string): Promise<void> {
    const passwordHash = await hashPassword(password);
    await this.store.saveOperator({ name, passwordHash, createdAt: new Date(this.clock.now()) });
  }
}

/** A new password ends the sessions of the old one. */
function fingerprint({ passwordHash }: OperatorRow): string {
  return createHash('sha256').update(passwordHash).digest('base64url').slice(0, 16);
}
