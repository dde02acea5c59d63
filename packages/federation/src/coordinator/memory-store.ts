import { SerialQueue } from './serial-queue.ts';
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
} from './store.ts';

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
export class MemoryStore implements FederationStore {
  /** Asked before each statement that stands alone and each transaction. */
  fate: (what: 'statement' | 'transaction') => Fate = () => 'works';
  private tables: Tables;
  private readonly queue: SerialQueue | null;

  constructor(tables: Tables = emptyTables(), isTransaction = false) {
    this.tables = tables;
    this.queue = isTransaction ? null : new SerialQueue();
  }

  /** The same tables, as another process finds them. What this one does later is not seen there. */
  reopened(): MemoryStore {
    return new MemoryStore({ ...this.tables });
  }

  transaction<T>(work: (store: MemoryStore) => Promise<T>): Promise<T> {
    return this.statement(async () => {
      const copy = new MemoryStore({ ...this.tables }, true);
      const result = await work(copy);
      this.tables = copy.tables;
      return result;
    }, 'transaction');
  }

  ping(): Promise<void> {
    return this.statement(() => {});
  }

  migrations(): Promise<string[]> {
    return this.statement(() => []);
  }

  federations() {
    return this.statement(() => by(this.tables.federations, (row) => row.createdAt.getTime()));
  }

  addFederation(row: FederationRow) {
    return this.statement(() => {
      this.tables.federations = [...this.tables.federations, row];
    });
  }

  state(federation: string) {
    return this.statement(() => this.tables.federations.find((row) => row.id === federation)?.state ?? null);
  }

  saveState(federation: string, state: FederationRow['state']) {
    return this.statement(() => {
      this.tables.federations = change(this.tables.federations, (row) => row.id === federation, { state });
    });
  }

  addVersion(federation: string, version: number, { at: _, ...blobs }: VersionBlobs & { at: Date }) {
    return this.statement(() => {
      const isThere = this.tables.versions.some((row) => row.federation === federation && row.version === version);
      if (isThere) throw new Error(`version ${version} of ${federation} is there already`);
      this.tables.versions = [...this.tables.versions, { federation, version, ...blobs }];
    });
  }

  versionBlobs(federation: string, version: number): Promise<VersionBlobs | null> {
    return this.statement(() => {
      const found = this.tables.versions.find((row) => row.federation === federation && row.version === version);
      if (!found) return null;
      const { blob, momentsBlob, ownersBlob } = found;
      return { blob, momentsBlob, ownersBlob };
    });
  }

  addInvite(row: InviteRow) {
    return this.statement(() => {
      if (this.tables.invites.some(({ code }) => code === row.code)) throw new Error('the invite is there already');
      this.tables.invites = [...this.tables.invites, row];
    });
  }

  invites(federation: string) {
    return this.statement(() =>
      by(
        this.tables.invites.filter((row) => row.federation === federation),
        (row) => row.createdAt.getTime(),
      ),
    );
  }

  hasInvite(federation: string, code: string, now: Date) {
    return this.statement(() => this.tables.invites.some(isUsable(federation, code, now)));
  }

  revokeInvite(federation: string, id: string, now: Date) {
    return this.statement(() => {
      const isThis = (row: InviteRow) => row.federation === federation && row.id === id;
      const found = this.tables.invites.find(isThis);
      if (found) this.tables.invites = change(this.tables.invites, isThis, { revokedAt: found.revokedAt ?? now });
      return found !== undefined;
    });
  }

  useInvite(federation: string, code: string, now: Date) {
    return this.statement(() => {
      const isThis = isUsable(federation, code, now);
      const found = this.tables.invites.find(isThis);
      if (found) this.tables.invites = change(this.tables.invites, isThis, { uses: found.uses + 1 });
      return found !== undefined;
    });
  }

  client(federation: string, id: string) {
    return this.statement(() => this.tables.clients.find(isClient(federation, id)) ?? null);
  }

  clients(federation: string) {
    return this.statement(() => {
      const here = this.tables.clients.filter((row) => row.federation === federation);
      return by(
        by(here, (row) => row.id),
        (row) => row.joinedAt.getTime(),
      );
    });
  }

  countClients(federation: string) {
    return this.statement(
      () => this.tables.clients.filter((row) => row.federation === federation && !row.removedAt).length,
    );
  }

  addClient(row: ClientRow) {
    return this.statement(() => {
      if (!this.tables.clients.some(isClient(row.federation, row.id)))
        this.tables.clients = [...this.tables.clients, row];
    });
  }

  updateClient(federation: string, id: string, changed: Partial<ClientRow>) {
    return this.statement(() => {
      this.tables.clients = change(this.tables.clients, isClient(federation, id), changed);
    });
  }

  addTraffic(federation: string, id: string, { up, down }: { up: number; down: number }) {
    return this.statement(() => {
      const row = this.tables.clients.find(isClient(federation, id));
      if (!row) return;
      const sums = { bytesUp: row.bytesUp + up, bytesDown: row.bytesDown + down };
      this.tables.clients = change(this.tables.clients, isClient(federation, id), sums);
    });
  }

  addRound(row: RoundRow) {
    return this.statement(() => {
      if (!this.tables.rounds.some(isRound(row.federation, { round: row.number, attempt: row.attempt })))
        this.tables.rounds = [...this.tables.rounds, row];
    });
  }

  updateRound(federation: string, at: { round: number; attempt: number }, changed: Partial<RoundRow>) {
    return this.statement(() => {
      this.tables.rounds = change(this.tables.rounds, isRound(federation, at), changed);
    });
  }

  rounds(federation: string) {
    return this.statement(() => {
      const here = this.tables.rounds.filter((row) => row.federation === federation);
      return by(
        by(here, (row) => row.attempt),
        (row) => row.number,
      );
    });
  }

  addSubmission(row: SubmissionRow) {
    return this.statement(() => {
      if (this.tables.submissions.some(isSubmission(row))) throw new Error('the submission is there already');
      this.tables.submissions = [...this.tables.submissions, row];
    });
  }

  submission(federation: string, round: number, client: string) {
    return this.statement(() => this.tables.submissions.find(isSubmission({ federation, round, client })) ?? null);
  }

  lastSubmission(federation: string, client: string) {
    return this.statement(() => {
      const own = this.tables.submissions.filter((row) => row.federation === federation && row.client === client);
      return own.length ? Math.max(...own.map((row) => row.round)) : null;
    });
  }

  submissions(federation: string, inRounds?: readonly number[]) {
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

  removeSubmissions(federation: string, round: number) {
    return this.statement(() => {
      const isGone = (row: SubmissionRow) => row.federation === federation && row.round === round;
      this.tables.submissions = this.tables.submissions.filter((row) => !isGone(row));
    });
  }

  removeSubmission(federation: string, round: number, client: string) {
    return this.statement(() => {
      const isGone = isSubmission({ federation, round, client });
      this.tables.submissions = this.tables.submissions.filter((row) => !isGone(row));
    });
  }

  appendEvents(federation: string, added: readonly NewEvent[]) {
    return this.statement(() => {
      const first = this.tables.events.filter((row) => row.federation === federation).length + 1;
      const rows = added.map((event, i) => ({ ...event, federation, sequence: first + i }));
      this.tables.events = [...this.tables.events, ...rows];
    });
  }

  events(federation: string, limit: number) {
    return this.statement(() => {
      const here = this.tables.events.filter((row) => row.federation === federation);
      return here.slice(Math.max(0, here.length - limit));
    });
  }

  eventPage(federation: string, { after, kinds, limit }: EventPage) {
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
