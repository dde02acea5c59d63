import type { RoundState } from '@perfit/federation';
import type {
  ClientRow,
  EventPage,
  EventRow,
  FederationRow,
  FederationStore,
  InviteRow,
  NewEvent,
  RoundRow,
  SubmissionRow,
  VersionBlobs,
} from '@perfit/federation/coordinator';
import { federationConfigSchema } from '@perfit/protocol';
import { and, asc, desc, eq, gt, inArray, isNull, lt, or, type SQL, sql } from 'drizzle-orm';
import type { Database } from './database.ts';
import { roundStateSchema } from './round-state-schema.ts';
import { clients, events, federations, invites, rounds, submissions, versions } from './schema.ts';

/** Everything that the coordinator remembers, but for blobs and deltas under way. */
export interface Store extends FederationStore {
  /** All of the work, or none of it. */
  transaction<T>(work: (store: Store) => Promise<T>): Promise<T>;
  ping(): Promise<void>;
  /** The names of those that have run. */
  migrations(): Promise<string[]>;

  federations(): Promise<FederationRow[]>;
  addFederation(row: FederationRow): Promise<void>;

  addInvite(row: InviteRow): Promise<void>;
  invites(federation: string): Promise<InviteRow[]>;
  /** @returns whether there is such an invite; one that is revoked stays so */
  revokeInvite(federation: string, id: string, now: Date): Promise<boolean>;

  rounds(federation: string): Promise<RoundRow[]>;

  /** The last so many, oldest first. */
  events(federation: string, limit: number): Promise<EventRow[]>;
  /** Oldest first: those after a sequence number, or else the last ones. */
  eventPage(federation: string, page: EventPage): Promise<EventRow[]>;
}

/** In Postgres, or PGlite. */
export class SqlStore implements Store {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** All of the work, or none of it. */
  transaction<T>(work: (store: Store) => Promise<T>): Promise<T> {
    return this.database.transaction((tx) => work(new SqlStore(tx)));
  }

  async ping(): Promise<void> {
    await this.database.execute(sql`select 1`);
  }

  /** The names of those that have run. */
  async migrations(): Promise<string[]> {
    const result = await this.database.execute(sql`select name from migrations`);
    return (result as unknown as { rows: { name: string }[] }).rows.map((row) => row.name);
  }

  // Federations

  async federations(): Promise<FederationRow[]> {
    const rows = await this.database.select().from(federations).orderBy(asc(federations.createdAt));
    return rows.map((row) => ({
      ...row,
      config: federationConfigSchema.parse(row.config),
      state: roundStateSchema.parse(row.state),
    }));
  }

  async addFederation(row: FederationRow): Promise<void> {
    await this.database.insert(federations).values({ ...row, eventCount: 0 });
  }

  async state(federation: string): Promise<RoundState | null> {
    const found = await this.database
      .select({ state: federations.state })
      .from(federations)
      .where(eq(federations.id, federation));
    return found[0] ? roundStateSchema.parse(found[0].state) : null;
  }

  async saveState(federation: string, state: RoundState): Promise<void> {
    await this.database.update(federations).set({ state }).where(eq(federations.id, federation));
  }

  // Versions of theta_g

  async addVersion(federation: string, version: number, made: VersionBlobs & { at: Date }): Promise<void> {
    const { at: createdAt, ...blobs } = made;
    await this.database.insert(versions).values({ federation, version, ...blobs, createdAt });
  }

  async versionBlobs(federation: string, version: number): Promise<VersionBlobs | null> {
    const found = await this.database
      .select({ blob: versions.blob, momentsBlob: versions.momentsBlob, ownersBlob: versions.ownersBlob })
      .from(versions)
      .where(and(eq(versions.federation, federation), eq(versions.version, version)));
    return found[0] ?? null;
  }

  // Invites

  async addInvite(row: InviteRow): Promise<void> {
    await this.database.insert(invites).values(row);
  }

  async invites(federation: string): Promise<InviteRow[]> {
    return this.database
      .select()
      .from(invites)
      .where(eq(invites.federation, federation))
      .orderBy(asc(invites.createdAt));
  }

  /** @returns whether the code would let a new client in at that time */
  async hasInvite(federation: string, code: string, now: Date): Promise<boolean> {
    const found = await this.database
      .select({ code: invites.code })
      .from(invites)
      .where(and(eq(invites.code, code), eq(invites.federation, federation), usableInvite(now)));
    return found.length > 0;
  }

  /** Counts a use, where there is one left. @returns whether the code lets a new client in at that time */
  async useInvite(federation: string, code: string, now: Date): Promise<boolean> {
    const used = await this.database
      .update(invites)
      .set({ uses: sql`${invites.uses} + 1` })
      .where(and(eq(invites.code, code), eq(invites.federation, federation), usableInvite(now)))
      .returning({ code: invites.code });
    return used.length > 0;
  }

  /** @returns whether there is such an invite; one that is revoked stays so */
  async revokeInvite(federation: string, id: string, now: Date): Promise<boolean> {
    const found = await this.database
      .update(invites)
      .set({ revokedAt: sql`coalesce(${invites.revokedAt}, ${now.toISOString()}::timestamptz)` })
      .where(and(eq(invites.id, id), eq(invites.federation, federation)))
      .returning({ id: invites.id });
    return found.length > 0;
  }

  // Clients

  async client(federation: string, id: string): Promise<ClientRow | null> {
    const found = await this.database
      .select()
      .from(clients)
      .where(and(eq(clients.federation, federation), eq(clients.id, id)));
    return found[0] ?? null;
  }

  async clients(federation: string): Promise<ClientRow[]> {
    return this.database
      .select()
      .from(clients)
      .where(eq(clients.federation, federation))
      .orderBy(asc(clients.joinedAt), asc(clients.id));
  }

  async countClients(federation: string): Promise<number> {
    return this.database.$count(clients, and(eq(clients.federation, federation), isNull(clients.removedAt)));
  }

  async addClient(row: ClientRow): Promise<void> {
    await this.database.insert(clients).values(row).onConflictDoNothing();
  }

  async updateClient(federation: string, id: string, change: Partial<ClientRow>): Promise<void> {
    await this.database
      .update(clients)
      .set(change)
      .where(and(eq(clients.federation, federation), eq(clients.id, id)));
  }

  async addTraffic(federation: string, id: string, bytes: { up: number; down: number }): Promise<void> {
    await this.database
      .update(clients)
      .set({
        bytesUp: sql`${clients.bytesUp} + ${bytes.up}`,
        bytesDown: sql`${clients.bytesDown} + ${bytes.down}`,
      })
      .where(and(eq(clients.federation, federation), eq(clients.id, id)));
  }

  // Rounds

  async addRound(row: RoundRow): Promise<void> {
    await this.database.insert(rounds).values(row).onConflictDoNothing();
  }

  async updateRound(
    federation: string,
    at: { round: number; attempt: number },
    change: Partial<RoundRow>,
  ): Promise<void> {
    const { round, attempt } = at;
    await this.database
      .update(rounds)
      .set(change)
      .where(and(eq(rounds.federation, federation), eq(rounds.number, round), eq(rounds.attempt, attempt)));
  }

  async rounds(federation: string): Promise<RoundRow[]> {
    return this.database
      .select()
      .from(rounds)
      .where(eq(rounds.federation, federation))
      .orderBy(asc(rounds.number), asc(rounds.attempt));
  }

  // Submissions

  async addSubmission(row: SubmissionRow): Promise<void> {
    await this.database.insert(submissions).values(row);
  }

  async submission(federation: string, round: number, client: string): Promise<SubmissionRow | null> {
    const found = await this.database
      .select()
      .from(submissions)
      .where(and(eq(submissions.federation, federation), eq(submissions.round, round), eq(submissions.client, client)));
    return found[0] ?? null;
  }

  /** The last round in which a submission of this client was accepted. */
  async lastSubmission(federation: string, client: string): Promise<number | null> {
    const found = await this.database
      .select({ round: submissions.round })
      .from(submissions)
      .where(and(eq(submissions.federation, federation), eq(submissions.client, client)))
      .orderBy(desc(submissions.round))
      .limit(1);
    return found[0]?.round ?? null;
  }

  /** In the order of acceptance. */
  async submissions(federation: string, inRounds?: readonly number[]): Promise<SubmissionRow[]> {
    const here = eq(submissions.federation, federation);
    return this.database
      .select()
      .from(submissions)
      .where(inRounds ? and(here, inArray(submissions.round, [...inRounds])) : here)
      .orderBy(asc(submissions.round), asc(submissions.position));
  }

  async removeSubmissions(federation: string, round: number): Promise<void> {
    await this.database
      .delete(submissions)
      .where(and(eq(submissions.federation, federation), eq(submissions.round, round)));
  }

  async removeSubmission(federation: string, round: number, client: string): Promise<void> {
    await this.database
      .delete(submissions)
      .where(and(eq(submissions.federation, federation), eq(submissions.round, round), eq(submissions.client, client)));
  }

  // The log

  async appendEvents(federation: string, added: readonly NewEvent[]): Promise<void> {
    if (added.length === 0) return;
    const [counted] = await this.database
      .update(federations)
      .set({ eventCount: sql`${federations.eventCount} + ${added.length}` })
      .where(eq(federations.id, federation))
      .returning({ count: federations.eventCount });
    const first = (counted?.count ?? added.length) - added.length + 1;
    await this.database.insert(events).values(added.map((event, i) => ({ ...event, federation, sequence: first + i })));
  }

  /** The last so many, oldest first. */
  async events(federation: string, limit: number): Promise<EventRow[]> {
    const last = await this.database
      .select()
      .from(events)
      .where(eq(events.federation, federation))
      .orderBy(desc(events.sequence))
      .limit(limit);
    return last.reverse();
  }

  /** Oldest first: those after a sequence number, or else the last ones. */
  async eventPage(federation: string, page: EventPage): Promise<EventRow[]> {
    const { after, kinds, limit } = page;
    const wanted = [eq(events.federation, federation)];
    if (after !== undefined) wanted.push(gt(events.sequence, after));
    if (kinds) wanted.push(inArray(events.kind, [...kinds]));
    const rows = await this.database
      .select()
      .from(events)
      .where(and(...wanted))
      .orderBy(after === undefined ? desc(events.sequence) : asc(events.sequence))
      .limit(limit);
    return after === undefined ? rows.reverse() : rows;
  }
}

function usableInvite(now: Date): SQL | undefined {
  return and(
    isNull(invites.revokedAt),
    or(isNull(invites.expiresAt), gt(invites.expiresAt, now)),
    or(isNull(invites.maxUses), lt(invites.uses, invites.maxUses)),
  );
}
