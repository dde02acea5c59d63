import { SerialQueue } from '../src/serial-queue.ts';
import type { Database } from '../src/store/database.ts';
import {
  type ClientRow,
  type EventPage,
  type EventRow,
  type FederationRow,
  type InviteRow,
  type NewEvent,
  type RoundRow,
  Store,
  type SubmissionRow,
  type VersionBlobs,
} from '../src/store/store.ts';

interface Tables {
  federations: readonly FederationRow[];
  versions: readonly (VersionBlobs & { readonly federation: string; readonly version: number })[];
  invites: readonly InviteRow[];
  clients: readonly ClientRow[];
  rounds: readonly RoundRow[];
  submissions: readonly SubmissionRow[];
  events: readonly EventRow[];
}

/** What becomes of one statement, or of one whole transaction: it fails before anything is stored, or after all is. */
export type Fate = 'works' | 'before' | 'after';

/**
 * The tables of the store in memory, one statement or transaction after another as PGlite has it, for thousands of
 * schedules. Rows are never written to, so that a transaction works on a copy of the lists alone. `store-contract.test.ts`
 * holds it to what the databases do.
 */
export class MemoryStore extends Store {
  /** Asked before each statement that stands alone and each transaction. */
  fate: (what: 'statement' | 'transaction') => Fate = () => 'works';
  private tables: Tables;
  private readonly queue: SerialQueue | null;

  constructor(tables: Tables = emptyTables(), isTransaction = false) {
    super(null as unknown as Database);
    this.tables = tables;
    this.queue = isTransaction ? null : new SerialQueue();
  }

  /** The same tables, as another process finds them. What this one does later is not seen there. */
  reopened(): MemoryStore {
    return new MemoryStore({ ...this.tables });
  }

  override transaction<T>(work: (store: Store) => Promise<T>): Promise<T> {
    return this.statement(async () => {
      const copy = new MemoryStore({ ...this.tables }, true);
      const result = await work(copy);
      this.tables = copy.tables;
      return result;
    }, 'transaction');
  }

  override ping(): Promise<void> {
    return this.statement(() => {});
  }

  override migrations(): Promise<string[]> {
    return this.statement(() => []);
  }

  override federations() {
    return this.statement(() => by(this.tables.federations, (row) => row.createdAt.getTime()));
  }

  override addFederation(row: FederationRow) {
    return this.statement(() => {
      this.tables.federations = [...this.tables.federations, row];
    });
  }

  override state(federation: string) {
    return this.statement(() => this.tables.federations.find((row) => row.id === federation)?.state ?? null);
  }

  override saveState(federation: string, state: FederationRow['state']) {
    return this.statement(() => {
      this.tables.federations = change(this.tables.federations, (row) => row.id === federation, { state });
    });
  }

  override addVersion(federation: string, version: number, { at: _, ...blobs }: VersionBlobs & { at: Date }) {
    return this.statement(() => {
      const isThere = this.tables.versions.some((row) => row.federation === federation && row.version === version);
      if (isThere) throw new Error(`version ${version} of ${federation} is there already`);
      this.tables.versions = [...this.tables.versions, { federation, version, ...blobs }];
    });
  }

  override versionBlobs(federation: string, version: number): Promise<VersionBlobs | null> {
    return this.statement(() => {
      const found = this.tables.versions.find((row) => row.federation === federation && row.version === version);
      if (!found) return null;
      const { blob, momentsBlob, ownersBlob } = found;
      return { blob, momentsBlob, ownersBlob };
    });
  }

  override addInvite(row: InviteRow) {
    return this.statement(() => {
      if (this.tables.invites.some(({ code }) => code === row.code)) throw new Error('the invite is there already');
      this.tables.invites = [...this.tables.invites, row];
    });
  }

  override invites(federation: string) {
    return this.statement(() =>
      by(
        this.tables.invites.filter((row) => row.federation === federation),
        (row) => row.createdAt.getTime(),
      ),
    );
  }

  override hasInvite(federation: string, code: string, now: Date) {
    return this.statement(() => this.tables.invites.some(isUsable(federation, code, now)));
  }

  override revokeInvite(federation: string, id: string, now: Date) {
    return this.statement(() => {
      const isThis = (row: InviteRow) => row.federation === federation && row.id === id;
      const found = this.tables.invites.find(isThis);
      if (found) this.tables.invites = change(this.tables.invites, isThis, { revokedAt: found.revokedAt ?? now });
      return found !== undefined;
    });
  }

  override useInvite(federation: string, code: string, now: Date) {
    return this.statement(() => {
      const isThis = isUsable(federation, code, now);
      const found = this.tables.invites.find(isThis);
      if (found) this.tables.invites = change(this.tables.invites, isThis, { uses: found.uses + 1 });
      return found !== undefined;
    });
  }

  override client(federation: string, id: string) {
    return this.statement(() => this.tables.clients.find(isClient(federation, id)) ?? null);
  }

  override clients(federation: string) {
    return this.statement(() => {
      const here = this.tables.clients.filter((row) => row.federation === federation);
      return by(
        by(here, (row) => row.id),
        (row) => row.joinedAt.getTime(),
      );
    });
  }

  override countClients(federation: string) {
    return this.statement(
      () => this.tables.clients.filter((row) => row.federation === federation && !row.removedAt).length,
    );
  }

  override addClient(row: ClientRow) {
    return this.statement(() => {
      if (!this.tables.clients.some(isClient(row.federation, row.id)))
        this.tables.clients = [...this.tables.clients, row];
    });
  }

  override updateClient(federation: string, id: string, changed: Partial<ClientRow>) {
    return this.statement(() => {
      this.tables.clients = change(this.tables.clients, isClient(federation, id), changed);
    });
  }

  override addTraffic(federation: string, id: string, { up, down }: { up: number; down: number }) {
    return this.statement(() => {
      const row = this.tables.clients.find(isClient(federation, id));
      if (!row) return;
      const sums = { bytesUp: row.bytesUp + up, bytesDown: row.bytesDown + down };
      this.tables.clients = change(this.tables.clients, isClient(federation, id), sums);
    });
  }

  override addRound(row: RoundRow) {
    return this.statement(() => {
      if (!this.tables.rounds.some(isRound(row.federation, { round: row.number, attempt: row.attempt })))
        this.tables.rounds = [...this.tables.rounds, row];
    });
  }

  override updateRound(federation: string, at: { round: number; attempt: number }, changed: Partial<RoundRow>) {
    return this.statement(() => {
      this.tables.rounds = change(this.tables.rounds, isRound(federation, at), changed);
    });
  }

  override rounds(federation: string) {
    return this.statement(() => {
      const here = this.tables.rounds.filter((row) => row.federation === federation);
      return by(
        by(here, (row) => row.attempt),
        (row) => row.number,
      );
    });
  }

  override addSubmission(row: SubmissionRow) {
    return this.statement(() => {
      if (this.tables.submissions.some(isSubmission(row))) throw new Error('the submission is there already');
      this.tables.submissions = [...this.tables.submissions, row];
    });
  }

  override submission(federation: string, round: number, client: string) {
    return this.statement(() => this.tables.submissions.find(isSubmission({ federation, round, client })) ?? null);
  }

  override lastSubmission(federation: string, client: string) {
    return this.statement(() => {
      const own = this.tables.submissions.filter((row) => row.federation === federation && row.client === client);
      return own.length ? Math.max(...own.map((row) => row.round)) : null;
    });
  }

  override submissions(federation: string, inRounds?: readonly number[]) {
    return this.statement(() => {
      const here = this.tables.submissions.filter(
        (row) => row.federation === federation && (inRounds?.includes(row.round) ?? true),
      );
      return by(
        by(here, (row) => row.position),
        (row) => row.round,
      );
    });
  }

  override removeSubmissions(federation: string, round: number) {
    return this.statement(() => {
      const isGone = (row: SubmissionRow) => row.federation === federation && row.round === round;
      this.tables.submissions = this.tables.submissions.filter((row) => !isGone(row));
    });
  }

  override removeSubmission(federation: string, round: number, client: string) {
    return this.statement(() => {
      const isGone = isSubmission({ federation, round, client });
      this.tables.submissions = this.tables.submissions.filter((row) => !isGone(row));
    });
  }

  override appendEvents(federation: string, added: readonly NewEvent[]) {
    return this.statement(() => {
      const first = this.tables.events.filter((row) => row.federation === federation).length + 1;
      const rows = added.map((event, i) => ({ ...event, federation, sequence: first + i }));
      this.tables.events = [...this.tables.events, ...rows];
    });
  }

  override events(federation: string, limit: number) {
    return this.statement(() => {
      const here = this.tables.events.filter((row) => row.federation === federation);
      return here.slice(Math.max(0, here.length - limit));
    });
  }

  override eventPage(federation: string, { after, kinds, limit }: EventPage) {
    return this.statement(() => {
      const here = this.tables.events.filter(
        (row) =>
          row.federation === federation &&
          row.sequence > (after ?? 0) &&
          (kinds === undefined || kinds.includes(row.kind)),
      );
      return after === undefined ? here.slice(Math.max(0, here.length - limit)) : here.slice(0, limit);
    });
  }

  /** Statements of a transaction run within it, and share its fate. */
  private async statement<T>(work: () => T | Promise<T>, what: 'statement' | 'transaction' = 'statement'): Promise<T> {
    if (!this.queue) return work();
    return this.queue.run(async () => {
      const fate = this.fate(what);
      if (fate === 'before') throw new Error('the database is gone');
      const result = await work();
      if (fate === 'after') throw new Error('the database is gone, and its answer with it');
      return result;
    });
  }
}

function emptyTables(): Tables {
  return {
    federations: [],
    versions: [],
    invites: [],
    clients: [],
    rounds: [],
    submissions: [],
    events: [],
  };
}

function isUsable(federation: string, code: string, now: Date) {
  return (row: InviteRow) =>
    row.federation === federation &&
    row.code === code &&
    row.revokedAt === null &&
    (row.expiresAt === null || row.expiresAt > now) &&
    (row.maxUses === null || row.uses < row.maxUses);
}

function isClient(federation: string, id: string) {
  return (row: ClientRow) => row.federation === federation && row.id === id;
}

function isRound(federation: string, { round, attempt }: { round: number; attempt: number }) {
  return (row: RoundRow) => row.federation === federation && row.number === round && row.attempt === attempt;
}

function isSubmission({ federation, round, client }: Pick<SubmissionRow, 'federation' | 'round' | 'client'>) {
  return (row: SubmissionRow) => row.federation === federation && row.round === round && row.client === client;
}

function change<Row>(rows: readonly Row[], fits: (row: Row) => boolean, changed: Partial<Row>): readonly Row[] {
  return rows.map((row) => (fits(row) ? { ...row, ...changed } : row));
}

/** In ascending order; equals stay as they were. */
function by<Row>(rows: readonly Row[], key: (row: Row) => number | string): Row[] {
  return [...rows].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}
