import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { aggregate, isEnded, layoutOf } from '@perfit/federation';
import {
  Adapters,
  ClientSession,
  type Fate,
  type FederationRoom,
  type Line,
  MemoryStore,
  UploadSlots,
} from '@perfit/federation/coordinator';
import { type FederationConfig, federationConfigSchema, type OperatorAction, type RoundAction } from '@perfit/protocol';
import { initialTheta, type Layout, layoutHash } from '@perfit/protocol/space';
import { type ClientIdentity, ManualClock, smallFederation, tinyDimensions } from '@perfit/testkit';
import { pino } from 'pino';
import { BlobStore } from '../../src/blobs/blob-store.ts';
import { Federations } from '../../src/federations/federations.ts';
import type { ModelCatalogue } from '../../src/models/model-catalogue.ts';
import { FuzzClient, type SentDelta } from './fuzz-client.ts';
import { newFolder } from './quick-files.ts';

/** One life of the coordinator, without its sockets. */
interface Process {
  readonly store: MemoryStore;
  readonly federations: Federations;
  readonly slots: UploadSlots;
  readonly sessions: Set<ClientSession>;
  isKilled: boolean;
}

/** What becomes of a transaction, or of a statement that stands alone, after so many of them. */
export interface Trouble {
  readonly at: 'statement' | 'transaction';
  readonly after: number;
  readonly what: Exclude<Fate, 'works'>;
  readonly kills: boolean;
}

/** As the log has it. */
interface Accepted {
  readonly client: string;
  readonly sha256: string;
  readonly weight: number;
  readonly position: number;
}

const logger = pino({ level: 'silent' });
const FEDERATION = 'fuzzed';
let hashedLayout: Promise<{ layout: Layout; hash: string }> | null = null;
/** An action that takes longer than this hangs: nothing here waits for time. */
const HANG_MS = 20_000;

/** A coordinator with its clients, its disk and its clock, all of which can be made to misbehave. */
export class FuzzWorld {
  readonly clock = new ManualClock(1_700_000_000_000);
  readonly clients: readonly FuzzClient[];
  readonly config: FederationConfig;
  readonly violations: string[] = [];
  private readonly judgements: (() => Promise<void>)[] = [];
  /** Whatever any client has ever put together, by its hash. */
  readonly deltas = new Map<string, SentDelta>();
  private readonly folder: string;
  private readonly models: ModelCatalogue;
  private process: Process;
  private trouble: Trouble | null = null;

  private constructor(folder: string, models: ModelCatalogue, schedule: Partial<FederationConfig['schedule']>) {
    this.folder = folder;
    this.models = models;
    const base = { ...smallFederation, access: 'open' as const, weighting: { by: 'examples' as const, cap: 12 } };
    this.config = federationConfigSchema.parse({ ...base, schedule: { ...smallFederation.schedule, ...schedule } });
    this.process = null as unknown as Process;
    this.clients = [];
  }

  static async open(
    models: ModelCatalogue,
    identities: readonly ClientIdentity[],
    schedule: Partial<FederationConfig['schedule']>,
  ): Promise<FuzzWorld> {
    const world = new FuzzWorld(await newFolder(), models, schedule);
    (world as { clients: readonly FuzzClient[] }).clients = identities.map((id, i) => new FuzzClient(world, id, i));
    world.process = await world.boot(new MemoryStore());
    await world.process.federations.create(world.config, FEDERATION);
    await world.process.federations.act(FEDERATION, 'start');
    return world;
  }

  get room(): FederationRoom {
    return this.process.federations.get(FEDERATION);
  }

  /** The same for all schedules: it is hashed once. */
  layout(): Promise<{ layout: Layout; hash: string }> {
    hashedLayout ??= (async () => {
      const layout = layoutOf(this.config, tinyDimensions);
      return { layout, hash: await layoutHash(layout) };
    })();
    return hashedLayout;
  }

  /**
   * Whether this round is in progress and has a submission of this client: as the disk has it. Where the store has
   * failed in a step, what the coordinator remembers is behind until it asks again.
   */
  async counts(client: string, round: number): Promise<boolean> {
    const state = await this.process.store.reopened().state(FEDERATION);
    if (!state || isEnded(state)) return false;
    const held = state.state === 'paused' ? state.held : state;
    return held.version + 1 === round && held.submitted.includes(client);
  }

  get isOver(): boolean {
    return isEnded(this.room.state);
  }

  connect(line: Line): ClientSession {
    const { federations, slots, sessions } = this.process;
    const session = new ClientSession({ line, federations, slots, logger });
    sessions.add(session);
    return session;
  }

  /** Runs it when all that happens at the same time has come to its end. */
  afterwards(judge: () => Promise<void>): void {
    this.judgements.push(judge);
  }

  // What may happen

  /** Runs one action to its end, however many processes die in it. */
  async settle(actions: readonly (() => Promise<unknown>)[]): Promise<void> {
    const all = (async () => {
      await Promise.all(actions.map((action) => action()));
      await this.quiet();
      if (this.process.isKilled) await this.reboot();
      for (const judge of this.judgements.splice(0)) await judge();
    })();
    let watch: NodeJS.Timeout | undefined;
    const hang = new Promise<never>((_, reject) => {
      watch = setTimeout(() => reject(new Error('an action hangs')), HANG_MS);
    });
    await Promise.race([all, hang]).finally(() => clearTimeout(watch));
    this.checkClock();
  }

  makeTrouble(trouble: Trouble): void {
    this.trouble = trouble;
  }

  /** `kill -9`: nothing of this process reaches the disk from now on. */
  async kill(): Promise<void> {
    this.process.isKilled = true;
  }

  /** SIGTERM, and a start. */
  async restart(): Promise<void> {
    const { federations, sessions, store } = this.process;
    for (const session of sessions) await session.end().catch(() => {});
    await federations.close().catch(() => {});
    this.clock.forget(this.process);
    for (const client of this.clients) client.lineLost();
    if (!this.process.isKilled) this.process = await this.boot(store.reopened());
  }

  advance(milliseconds: number): void {
    this.clock.advance(milliseconds);
  }

  async act(action: OperatorAction): Promise<void> {
    await this.process.federations.act(FEDERATION, action).catch(() => {});
  }

  async actOnRound(action: RoundAction): Promise<void> {
    const round = this.room.status.version + 1;
    await this.process.federations.actOnRound(FEDERATION, round, action).catch(() => {});
  }

  // How it ends

  /** Nothing goes wrong any more: the federation must come to its end. */
  async comeToRest(): Promise<void> {
    this.trouble = null;
    for (let i = 0; i < 400 && !this.isOver; i++) {
      if (this.room.state.state === 'paused') await this.act(this.room.state.why === 'new' ? 'start' : 'resume');
      await this.settle(this.clients.map((client) => () => client.advance()));
      if (i % 4 === 3) await this.settle([async () => this.advance(5_000)]);
    }
    if (this.isOver) return;
    const log = (await this.process.store.events(FEDERATION, 3)).map(({ text }) => text).join(' ');
    this.violations.push(`the federation is stuck: ${JSON.stringify(this.room.state)} ${log}`);
  }

  /** Each commit again from the log alone, and each acknowledgement against it. */
  async check(): Promise<string[]> {
    const { store } = this.process;
    const layout = layoutOf(this.config, tinyDimensions);
    const accepted = new Map<number, Accepted[]>();
    /** What the operator has thrown away, as the log says. */
    const discarded = new Set<string>();
    let theta = initialTheta(layout, this.config.seed);
    let version = 0;
    let skipped = false;
    for (const { kind, data } of await store.events(FEDERATION, 100_000)) {
      if (kind === 'submission-accepted') {
        const { round, ...submission } = data as never as { round: number } & Accepted;
        const listed = accepted.get(round) ?? [];
        if (listed.some(({ client }) => client === submission.client))
          this.violations.push(`round ${round} counts ${submission.client} twice`);
        if (submission.position !== listed.length + 1)
          this.violations.push(`round ${round} has a position ${submission.position} after ${listed.length}`);
        accepted.set(round, [...listed, submission]);
      }
      if (kind === 'operator-skip') skipped = true;
      if (kind === 'submissions-discarded') {
        for (const { sha256 } of accepted.get(data.round as number) ?? []) discarded.add(sha256);
        accepted.delete(data.round as number);
      }
      if (kind !== 'round-committed') continue;
      version++;
      if (data.version !== version) this.violations.push(`version ${data.version} follows ${version - 1}`);
      const submissions = (accepted.get(version) ?? []).map(({ sha256, weight }) => {
        const { mask, values } = this.deltas.get(sha256) as SentDelta;
        return { mask, delta: values, weight };
      });
      const least = skipped ? 0 : this.config.schedule.minimum;
      skipped = false;
      if (submissions.length !== data.submissions || submissions.length < least)
        this.violations.push(`round ${version} is committed with ${data.submissions} of ${submissions.length}`);
      theta = aggregate(theta, submissions);
      const stored = await this.room.theta(version);
      if (stored.some((value, p) => value !== theta[p]))
        this.violations.push(`θ of version ${version} is not the sum of what the log says was accepted`);
    }
    if (version !== this.room.status.version) this.violations.push('the log misses a commit');
    for (const client of this.clients) {
      for (const { round, sha256 } of client.receipts) {
        if (round > version) continue;
        const counted = accepted.get(round)?.find((each) => each.client === client.id);
        if (counted?.sha256 !== sha256 && !discarded.has(sha256))
          this.violations.push(`round ${round} lost an acknowledged submission`);
      }
    }
    const left = await readdir(join(this.folder, 'spool', FEDERATION)).catch(() => []);
    if (this.isOver && left.length > 0) this.violations.push(`deltas outlive the federation: rounds ${left}`);
    return this.violations;
  }

  async close(): Promise<void> {
    for (const session of this.process.sessions) await session.end().catch(() => {});
    await this.process.federations.close().catch(() => {});
    await rm(this.folder, { recursive: true, force: true });
  }

  // Processes

  private async boot(store: MemoryStore): Promise<Process> {
    const owner = { isKilled: false } as Process;
    const clock = this.clock.of(owner);
    const blobs = await BlobStore.open(join(this.folder, 'blobs'));
    const federations = new Federations({
      dataDirectory: this.folder,
      store,
      adapters: new Adapters(blobs, store),
      models: this.models,
      clock,
      logger,
      maxClients: 100,
    });
    store.fate = (at) => this.fateOf(owner, at);
    const booted = Object.assign(owner, { store, federations, slots: new UploadSlots(16, clock), sessions: new Set() });
    await federations.open();
    return booted;
  }

  /** A start that is killed, or whose disk fails, is tried again. */
  private async reboot(): Promise<void> {
    this.trouble = null;
    const { store, federations, sessions } = this.process;
    this.clock.forget(this.process);
    for (const session of sessions) await session.end().catch(() => {});
    await federations.close().catch(() => {});
    for (const client of this.clients) client.lineLost();
    this.process = await this.boot(store.reopened());
  }

  private fateOf(process: Process, at: Trouble['at']): Fate {
    if (process.isKilled) return 'before';
    const { trouble } = this;
    if (trouble?.at !== at || process !== this.process) return 'works';
    if (trouble.after > 0) {
      this.trouble = { ...trouble, after: trouble.after - 1 };
      return 'works';
    }
    this.trouble = null;
    if (trouble.kills) process.isKilled = true;
    return trouble.what;
  }

  /** Until nothing is under way in the room. */
  private async quiet(): Promise<void> {
    const nobody = { send() {}, replace() {}, remove() {}, close() {} };
    // What a step sets off may queue another one.
    for (let i = 0; i < 3; i++) await this.room.roster.leave('nobody', nobody);
  }

  /** [RD2] [RD4] A round whose time is over is closed, or somebody will wake up to close it. */
  private checkClock(): void {
    const { state } = this.room;
    const isLate = state.state === 'training' && state.deadline <= this.clock.now();
    const isOwed = state.state === 'aggregating';
    if ((isLate || isOwed) && !this.clock.isAwaited(this.process))
      this.violations.push(`nobody will wake ${JSON.stringify(state)} at ${this.clock.now()}`);
  }
}
