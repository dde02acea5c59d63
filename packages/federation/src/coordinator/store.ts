import type { Conclude, Consent, DeltaReport, FederationConfig, Ready } from '@perfit/protocol';
import type { RoundState } from '../round/round-state.ts';

export interface FederationRow {
  readonly id: string;
  readonly config: FederationConfig;
  readonly layoutHash: string;
  readonly layoutSize: number;
  readonly state: RoundState;
  readonly createdAt: Date;
}

export interface ClientRow {
  federation: string;
  id: string;
  publicKey: string;
  name: string;
  agent: string;
  device: Ready['device'];
  examples: Ready['examples'];
  density: number;
  shareEvaluation: boolean;
  consent: Consent | null;
  /** [PF9] Where the client compared and shares it. */
  conclusion: Conclude | null;
  maskBlob: string | null;
  maskHash: string | null;
  maskBytes: number | null;
  maskKept: number | null;
  maskRound: number | null;
  bytesUp: number;
  bytesDown: number;
  joinedAt: Date;
  lastSeen: Date;
  removedAt: Date | null;
  bannedAt: Date | null;
  banReason: string | null;
}

export interface RoundRow {
  federation: string;
  number: number;
  attempt: number;
  state: 'training' | 'aggregating' | 'committed' | 'failed';
  reason: string | null;
  startedAt: Date;
  /** Of the latest try at its commit. */
  aggregatingAt: Date | null;
  closedAt: Date | null;
}

export interface SubmissionRow {
  federation: string;
  round: number;
  client: string;
  attempt: number;
  position: number;
  sha256: string;
  bytes: number;
  report: DeltaReport;
  weight: number;
  norm: number;
  maskBlob: string;
  maskHash: string;
  receivedAt: Date;
}

export interface NewEvent {
  readonly at: Date;
  readonly kind: string;
  readonly text: string;
  readonly data: Record<string, unknown>;
}

/** Hashes of what a version consists of. */
export interface VersionBlobs {
  readonly blob: string;
  readonly momentsBlob: string | null;
  readonly ownersBlob: string | null;
}

/** What federations remember, but for blobs and deltas under way. */
export interface FederationStore {
  /** All of the work, or none of it. */
  transaction<T>(work: (store: FederationStore) => Promise<T>): Promise<T>;

  state(federation: string): Promise<RoundState | null>;
  saveState(federation: string, state: RoundState): Promise<void>;

  addVersion(federation: string, version: number, made: VersionBlobs & { at: Date }): Promise<void>;
  versionBlobs(federation: string, version: number): Promise<VersionBlobs | null>;

  /** @returns whether the code would let a new client in at that time */
  hasInvite(federation: string, code: string, now: Date): Promise<boolean>;
  /** Counts a use, where there is one left. @returns whether the code lets a new client in at that time */
  useInvite(federation: string, code: string, now: Date): Promise<boolean>;

  client(federation: string, id: string): Promise<ClientRow | null>;
  /** In the order in which they joined. */
  clients(federation: string): Promise<ClientRow[]>;
  /** Those that were not removed. */
  countClients(federation: string): Promise<number>;
  addClient(row: ClientRow): Promise<void>;
  updateClient(federation: string, id: string, change: Partial<ClientRow>): Promise<void>;
  addTraffic(federation: string, id: string, bytes: { up: number; down: number }): Promise<void>;

  addRound(row: RoundRow): Promise<void>;
  updateRound(federation: string, at: { round: number; attempt: number }, change: Partial<RoundRow>): Promise<void>;

  addSubmission(row: SubmissionRow): Promise<void>;
  submission(federation: string, round: number, client: string): Promise<SubmissionRow | null>;
  /** The last round in which a submission of this client was accepted. */
  lastSubmission(federation: string, client: string): Promise<number | null>;
  /** In the order of acceptance. */
  submissions(federation: string, inRounds?: readonly number[]): Promise<SubmissionRow[]>;
  removeSubmissions(federation: string, round: number): Promise<void>;
  removeSubmission(federation: string, round: number, client: string): Promise<void>;

  appendEvents(federation: string, added: readonly NewEvent[]): Promise<void>;
}

// What a coordinator remembers besides, for its operator.

export interface InviteRow {
  code: string;
  federation: string;
  /** Where the code must not stand, it is named by this. */
  id: string;
  label: string | null;
  uses: number;
  maxUses: number | null;
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
}

export interface EventRow {
  federation: string;
  sequence: number;
  at: Date;
  kind: string;
  text: string;
  data: Record<string, unknown>;
}

export interface EventPage {
  readonly after?: number | undefined;
  readonly kinds?: readonly string[] | undefined;
  readonly limit: number;
}
