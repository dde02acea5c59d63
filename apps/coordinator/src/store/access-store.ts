import { and, asc, desc, eq, gt, inArray, isNull, like, lt, type SQL, sql } from 'drizzle-orm';
import type { Database } from './database.ts';
import { apiKeys, audit, operators, sessions } from './schema.ts';

export type OperatorRow = typeof operators.$inferSelect;
export type SessionRow = typeof sessions.$inferSelect;
export type ApiKeyRow = typeof apiKeys.$inferSelect;
export type AuditRow = typeof audit.$inferSelect;

export interface AuditFilter {
  readonly before?: number | undefined;
  readonly limit: number;
  readonly actor?: string | undefined;
  /** A whole name, or a beginning that ends with a dot. */
  readonly action?: string | undefined;
  readonly target?: string | undefined;
  readonly outcome?: string | undefined;
}

/** Who may use the operator's API, and what was done with it. */
export class AccessStore {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** All of the work, or none of it. */
  transaction<T>(work: (store: AccessStore) => Promise<T>): Promise<T> {
    return this.database.transaction((tx) => work(new AccessStore(tx)));
  }

  // Operators

  async operator(name: string): Promise<OperatorRow | null> {
    return (await this.database.select().from(operators).where(eq(operators.name, name)))[0] ?? null;
  }

  /** In the order in which they were made. */
  async operators(): Promise<OperatorRow[]> {
    return this.database.select().from(operators).orderBy(asc(operators.createdAt), asc(operators.name));
  }

  /** @returns whether the name was free */
  async addOperator(row: OperatorRow): Promise<boolean> {
    const added = await this.database.insert(operators).values(row).onConflictDoNothing().returning();
    return added.length > 0;
  }

  async updateOperator(name: string, change: Partial<OperatorRow>): Promise<void> {
    await this.database.update(operators).set(change).where(eq(operators.name, name));
  }

  /** With its sessions. */
  async removeOperator(name: string): Promise<void> {
    await this.database.delete(operators).where(eq(operators.name, name));
  }

  // Sessions

  async addSession(row: SessionRow): Promise<void> {
    await this.database.insert(sessions).values(row);
  }

  async session(id: string): Promise<SessionRow | null> {
    return (await this.database.select().from(sessions).where(eq(sessions.id, id)))[0] ?? null;
  }

  /** That are not over: of one operator, or of all. */
  async sessions(now: Date, operator?: string): Promise<SessionRow[]> {
    const open = gt(sessions.expiresAt, now);
    return this.database
      .select()
      .from(sessions)
      .where(operator === undefined ? open : and(open, eq(sessions.operator, operator)))
      .orderBy(desc(sessions.lastSeen));
  }

  async seeSession(id: string, lastSeen: Date): Promise<void> {
    await this.database.update(sessions).set({ lastSeen }).where(eq(sessions.id, id));
  }

  async removeSessions(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.database.delete(sessions).where(inArray(sessions.id, [...ids]));
  }

  async removeSessionsBefore(now: Date): Promise<void> {
    await this.database.delete(sessions).where(lt(sessions.expiresAt, now));
  }

  // API keys

  async addKey(row: ApiKeyRow): Promise<void> {
    await this.database.insert(apiKeys).values(row);
  }

  async key(id: string): Promise<ApiKeyRow | null> {
    return (await this.database.select().from(apiKeys).where(eq(apiKeys.id, id)))[0] ?? null;
  }

  async keys(): Promise<ApiKeyRow[]> {
    return this.database.select().from(apiKeys).orderBy(asc(apiKeys.createdAt), asc(apiKeys.id));
  }

  async seeKey(id: string, lastUsed: Date): Promise<void> {
    await this.database.update(apiKeys).set({ lastUsed }).where(eq(apiKeys.id, id));
  }

  /** @returns whether there was such a key that was not revoked before */
  async revokeKey(id: string, revokedAt: Date): Promise<boolean> {
    const revoked = await this.database
      .update(apiKeys)
      .set({ revokedAt })
      .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
      .returning({ id: apiKeys.id });
    return revoked.length > 0;
  }

  async revokeKeysOf(createdBy: string, revokedAt: Date): Promise<void> {
    await this.database
      .update(apiKeys)
      .set({ revokedAt })
      .where(and(eq(apiKeys.createdBy, createdBy), isNull(apiKeys.revokedAt)));
  }

  // The audit log: rows are added and read, and the database lets nobody do more

  async addAudit(entry: Omit<AuditRow, 'sequence'>): Promise<void> {
    await this.database.insert(audit).values(entry);
  }

  /** Newest first. */
  async audit({ before, limit, actor, action, target, outcome }: AuditFilter): Promise<AuditRow[]> {
    const wanted: SQL[] = [];
    if (before !== undefined) wanted.push(lt(audit.sequence, before));
    if (actor !== undefined) wanted.push(eq(audit.actor, actor));
    if (action !== undefined) {
      // What comes from a request is no pattern.
      const beginning = action.replace(/[\\%_]/g, '\\$&');
      wanted.push(action.endsWith('.') ? like(audit.action, `${beginning}%`) : eq(audit.action, action));
    }
    if (target !== undefined) wanted.push(eq(audit.target, target));
    if (outcome !== undefined) wanted.push(eq(audit.outcome, outcome));
    return this.database
      .select()
      .from(audit)
      .where(wanted.length > 0 ? and(...wanted) : sql`true`)
      .orderBy(desc(audit.sequence))
      .limit(limit);
  }
}
