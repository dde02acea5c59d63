import {
  checkDelta,
  checkExchangedMask,
  clientIdOf,
  densityOf,
  isEnded,
  type OperatorAction,
  ParameterSums,
  presentIn,
  type RoundEffect,
  type RoundEffectOf,
  type RoundEvent,
  type RoundState,
  statusOf,
  step,
  versionOf,
  wakeAt,
  weightOf,
} from '@perfit/federation';
import {
  type Announce,
  decodeMask,
  decodeValues,
  type FederationConfig,
  type FederationDescriptor,
  type FederationStatus,
  maskHash,
  type Progress,
  ProtocolError,
  type Ready,
  type Receipt,
  type RoundOffer,
  type Welcome,
} from '@perfit/protocol';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { SerialQueue } from '../serial-queue.ts';
import type { ClientRow, Store, SubmissionRow } from '../store/store.ts';
import type { AdapterSpace, Adapters, Parcel } from './adapters.ts';
import type { ClientConnection, Seat } from './seat.ts';
import { sentencesOf } from './sentences.ts';
import type { Spool } from './spool.ts';
import { Traffic } from './traffic.ts';

export interface RoomParts {
  readonly space: AdapterSpace;
  readonly state: RoundState;
  readonly createdAt: Date;
  readonly store: Store;
  readonly adapters: Adapters;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxClients: number;
  /** Called whenever something that an operator sees has changed. */
  readonly onChange: () => void;
}

/** Who asks to come in (HS1, HS2), before and after the key is proven. */
export interface Applicant {
  readonly publicKey: string;
  readonly agent: string;
  readonly invite: string | null;
}

export type DeltaAnnounce = Extract<Announce, { kind: 'delta' }>;
export type MaskAnnounce = Extract<Announce, { kind: 'mask' }>;

/** Progress and head counts are told at most so often; what moves a round is told at once. */
const STATUS_PAUSE_MS = 250;
/** A timer whose step failed for the storage's sake is tried again after this. */
const TIMER_RETRY_MS = 1_000;

/**
 * One federation at work: it feeds the round machine with events, one after another, and does what its effects say.
 * Whatever is acknowledged or announced is on disk before (RD3); whatever is in memory can be rebuilt from there (RD4).
 */
export class FederationRoom {
  readonly id: string;
  readonly config: FederationConfig;
  readonly createdAt: Date;
  readonly space: AdapterSpace;
  readonly spool: Spool;
  readonly traffic = new Traffic();
  private readonly parts: RoomParts;
  private readonly queue = new SerialQueue();
  private readonly seats = new Map<string, Seat>();
  /** Names of clients that were here since the start, for the log. */
  private readonly names = new Map<string, string>();
  private current: RoundState;
  private sums: ParameterSums | null = null;
  private cancelTimer: () => void = () => {};
  private cancelStatus: (() => void) | null = null;
  private told: FederationStatus | null = null;
  private isClosed = false;

  constructor(parts: RoomParts) {
    this.parts = parts;
    this.space = parts.space;
    this.id = parts.space.federation;
    this.config = parts.space.config;
    this.createdAt = parts.createdAt;
    this.spool = parts.spool;
    this.current = parts.state;
  }

  // What can be asked

  get state(): RoundState {
    return this.current;
  }

  get status(): FederationStatus {
    return statusOf(this.current, this.config.schedule);
  }

  get descriptor(): FederationDescriptor {
    return {
      id: this.id,
      config: this.config,
      modelPath: this.modelPath,
      layout: { hash: this.space.layoutHash, size: this.space.layout.size },
    };
  }

  get modelPath(): string {
    return `/models/${this.config.model}/`;
  }

  seat(client: string): Seat | null {
    return this.seats.get(client) ?? null;
  }

  /** When the last committed version is asked for: theta_g now. @returns [N], not to be written to */
  theta(version = versionOf(this.current)): Promise<Float32Array> {
    return this.parts.adapters.theta(this.space, version);
  }

  // Life

  /** [RD4] After a restart: what was accepted is folded again, in the order in which it was; then the round goes on. */
  open(): Promise<void> {
    return this.queue.run(async () => {
      for (const row of await this.parts.store.clients(this.id)) this.names.set(row.id, row.name);
      if (isEnded(this.current)) return;
      const lost = await this.rebuildSums();
      if (lost.length > 0) {
        const round = versionOf(this.current) + 1;
        await this.dispatch(
          { type: 'submissions-lost', clients: lost },
          {
            durably: async (tx) => {
              for (const client of lost) await tx.removeSubmission(this.id, round, client);
            },
          },
        );
      }
      await this.dispatch({ type: 'restarted' });
    });
  }

  /** Finishes what is under way and keeps still. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.cancelTimer();
    this.cancelStatus?.();
    await this.queue.idle();
    await this.flushTraffic();
  }

  /** @returns whether the action changed anything */
  act(action: OperatorAction): Promise<boolean> {
    return this.queue.run(async () => {
      const before = this.current;
      await this.dispatch({ type: 'operator', action });
      return this.current !== before;
    });
  }

  // Clients

  /** [HS2] Whether this key may come in; a key that is known needs no invite. @throws ProtocolError */
  async mayEnter({ publicKey, invite }: Applicant): Promise<void> {
    const { store, maxClients } = this.parts;
    if (await store.client(this.id, await clientIdOf(publicKey))) return;
    if (isEnded(this.current)) throw new ProtocolError('federation-ended', `The federation is ${this.current.state}.`);
    if (this.config.access === 'invite') {
      if (!invite) throw new ProtocolError('invite-required', 'This federation is joined by its invite link only.');
      if (!(await store.hasInvite(this.id, invite))) {
        throw new ProtocolError('invite-invalid', 'This invite is not one of this federation.');
      }
    }
    if ((await store.countClients(this.id)) >= maxClients) {
      throw new ProtocolError('federation-full', `The federation has its ${maxClients} clients already.`);
    }
  }

  /** [HS2] [HS3] The key is proven: the client has its seat, and whoever had it before is told that it is replaced. */
  enter(applicant: Applicant, connection: ClientConnection): Promise<Welcome> {
    return this.queue.run(async () => {
      this.mustBeOpen();
      await this.mayEnter(applicant);
      const { store } = this.parts;
      const client = await clientIdOf(applicant.publicKey);
      const row = (await store.client(this.id, client)) ?? (await this.admit(client, applicant));
      const lastSubmission = await store.lastSubmission(this.id, client);
      const replaced = this.seats.get(client);
      if (replaced) {
        await this.vacate(replaced);
        replaced.connection.replace();
      }
      this.names.set(client, row.name);
      this.seats.set(client, { client, name: row.name, connection, ready: null, density: row.density, progress: null });
      this.parts.onChange();
      return { client, federation: this.descriptor, standing: { mask: row.maskHash, lastSubmission } };
    });
  }

  /** [PF2] The client's model is loaded and its text is there. @returns ρ_i */
  ready(client: string, connection: ClientConnection, ready: Ready): Promise<number> {
    return this.queue.run(async () => {
      const seat = this.mustSit(client, connection);
      const density = densityOf(this.config, ready.maxDensity);
      await this.parts.store.updateClient(this.id, client, {
        name: ready.name,
        device: ready.device,
        examples: ready.examples,
        shareEvaluation: ready.shareEvaluation,
        density,
        lastSeen: this.today(),
      });
      this.names.set(client, ready.name);
      this.seats.set(client, { ...seat, name: ready.name, ready, density });
      return density;
    });
  }

  /** [RD4] From now on the client is counted, and offered what is under way. Follows `ready` once that is answered. */
  takePart(client: string, connection: ClientConnection): Promise<void> {
    return this.queue.run(async () => {
      const seat = this.seats.get(client);
      if (seat?.connection !== connection || !seat.ready || this.isClosed) return;
      const before = this.told;
      await this.dispatch({ type: 'client-ready', client });
      if (this.told === before) connection.send('status', this.status);
    });
  }

  /** The connection is gone, or the client said that it leaves. */
  leave(client: string, connection: ClientConnection): Promise<void> {
    return this.queue.run(async () => {
      const seat = this.seats.get(client);
      if (seat?.connection !== connection) return;
      await this.vacate(seat);
    });
  }

  progress(client: string, connection: ClientConnection, progress: Progress): void {
    const seat = this.seats.get(client);
    if (seat?.connection !== connection) return;
    const { loss, ...rest } = progress;
    const shared = seat.ready?.shareEvaluation && loss !== undefined ? { ...rest, loss } : rest;
    this.seats.set(client, { ...seat, progress: shared });
    this.parts.onChange();
  }

  // Masks and deltas

  /** [UP1] [UP4] @returns the receipt where this mask is on file already, or how many bytes it may have at most */
  async admitMask(client: string, message: MaskAnnounce): Promise<Receipt | null> {
    this.mustBeReady(client);
    this.mustBeCurrent(message.round);
    const row = await this.clientRow(client);
    if (row.maskBlob !== message.sha256 || row.maskBytes === null) return null;
    await this.parts.store.updateClient(this.id, client, { maskRound: message.round });
    return { kind: 'mask', round: message.round, sha256: message.sha256, bytes: row.maskBytes };
  }

  /** [UP3] A whole mask whose hash is right. */
  async takeMask(client: string, message: MaskAnnounce, bytes: Uint8Array): Promise<Receipt> {
    const { density } = this.mustBeReady(client);
    const { layout, layoutHash } = this.space;
    const mask = await decodeMask(bytes, { layoutHash, size: layout.size });
    checkExchangedMask(mask, layout, { config: this.config, density });
    const hash = await maskHash(mask);
    const blob = await this.parts.adapters.keepMask(bytes);
    return this.queue.run(async () => {
      this.mustBeCurrent(message.round);
      await this.parts.store.transaction(async (tx) => {
        await tx.updateClient(this.id, client, {
          maskBlob: blob,
          maskHash: hash,
          maskBytes: bytes.length,
          maskKept: mask.kept,
          maskRound: message.round,
        });
        await tx.appendEvents(this.id, [
          {
            at: this.today(),
            kind: 'mask-received',
            text: `${this.nameOf(client)}'s mask keeps ${mask.kept} of ${mask.size} positions.`,
            data: { client, kept: mask.kept, hash },
          },
        ]);
      });
      this.parts.onChange();
      return { kind: 'mask', round: message.round, sha256: blob, bytes: bytes.length };
    });
  }

  /** [UP1] [UP4] [UP5] @returns the first receipt, or the mask that the delta must be packed by */
  async admitDelta(client: string, message: DeltaAnnounce): Promise<{ receipt: Receipt } | { kept: number }> {
    const accepted = await this.parts.store.submission(this.id, message.round, client);
    if (accepted) return { receipt: receiptOf(accepted) };
    const seat = this.mustBeReady(client);
    const verdict = this.verdictOf(this.submissionOf(client, message));
    if (verdict.type === 'refuse') throw new ProtocolError(verdict.code, verdict.message);
    const most = seat.ready.examples.training;
    if (message.report.examples > most) {
      const text = `The report names ${message.report.examples} examples; the client has said that it trains on ${most}.`;
      throw new ProtocolError('delta-examples', text, { most });
    }
    const { maskKept } = await this.clientRow(client);
    if (maskKept === null) {
      throw new ProtocolError('mask-missing', 'No mask of this client is on file: it must be sent before the delta.');
    }
    return { kept: maskKept };
  }

  /** [UP3] [UP4] [RD3] A whole delta whose hash is right: checked, put on disk, counted, and only then acknowledged. */
  async takeDelta(
    client: string,
    message: DeltaAnnounce,
    upload: { path: string; bytes: Uint8Array },
  ): Promise<Receipt> {
    const { maskBlob, maskHash: hash, shareEvaluation } = await this.clientRow(client);
    if (!maskBlob || !hash) throw new ProtocolError('mask-missing', 'No mask of this client is on file.');
    const mask = await this.parts.adapters.mask(this.space, maskBlob);
    const { layoutHash, config } = this.space;
    const expected = { layoutHash, maskHash: hash, count: mask.kept, dtype: config.wire.dtype };
    const values = decodeValues(upload.bytes, expected);
    const norm = checkDelta(values, { maxNorm: config.maxDeltaNorm });
    const { loss, perplexity, ...rest } = message.report;
    const row: Omit<SubmissionRow, 'position'> = {
      federation: this.id,
      client,
      round: message.round,
      attempt: message.attempt,
      sha256: message.sha256,
      bytes: message.bytes,
      report: shareEvaluation ? message.report : rest,
      weight: weightOf(message.report.examples, config.weighting),
      norm,
      maskBlob,
      maskHash: hash,
      receivedAt: this.today(),
    };
    // The answer goes out as soon as the submission is stored; the commit that it may bring about takes its time.
    return new Promise<Receipt>((answer, refuse) => {
      const fold = () => this.openSums().add(mask, values, row.weight);
      this.queue.run(() => this.accept(row, { upload: upload.path, fold, answer })).catch(refuse);
    });
  }

  private async accept(
    row: Omit<SubmissionRow, 'position'>,
    by: { upload: string; fold: () => void; answer: (receipt: Receipt) => void },
  ): Promise<void> {
    this.mustBeOpen();
    const { client, round } = row;
    const first = await this.parts.store.submission(this.id, round, client);
    if (first) {
      by.answer(receiptOf(first));
      return;
    }
    const event: Happening = { type: 'submission', client, round, attempt: row.attempt };
    const verdict = this.verdictOf({ ...event, at: this.parts.clock.now() });
    if (verdict.type === 'refuse') throw new ProtocolError(verdict.code, verdict.message);
    const position = isEnded(this.current) ? 1 : submittedIn(this.current).length + 1;
    await this.spool.accept(by.upload, round, client);
    try {
      await this.dispatch(event, {
        durably: (tx) => tx.addSubmission({ ...row, position }),
        whenStored: () => {
          by.fold();
          by.answer(receiptOf(row));
        },
      });
    } catch (error) {
      if (!this.hasAccepted(client, round)) await this.spool.remove(round, client);
      throw error;
    }
  }

  /** The operator sees what was refused, and why. */
  async noteRefusal(client: string, { kind, round }: Announce, { code, message }: ProtocolError): Promise<void> {
    const text = `${this.nameOf(client)}'s ${kind} for round ${round} is refused: ${message}`;
    const event = { at: this.today(), kind: 'refused', text, data: { client, kind, round, code } };
    await this.parts.store.appendEvents(this.id, [event]).catch((error: unknown) => {
      this.parts.logger.warn({ federation: this.id, err: error }, 'a refusal could not be noted');
    });
    this.parts.onChange();
  }

  /** [PF7] */
  async parcel(client: string, what: 'slice' | 'theta', version: number): Promise<Parcel> {
    if (version > versionOf(this.current)) {
      throw new ProtocolError('download-range', `There is no version ${version} of the adapter yet.`);
    }
    if (what === 'theta') return this.parts.adapters.parcel(this.space, version, null);
    const { maskBlob, maskHash: hash } = await this.clientRow(client);
    if (!maskBlob || !hash) throw new ProtocolError('mask-missing', 'No mask of this client is on file.');
    const mask = await this.parts.adapters.mask(this.space, maskBlob);
    return this.parts.adapters.parcel(this.space, version, { mask, hash });
  }

  // The machine

  private verdictOf(event: RoundEvent): RoundEffectOf<'accept' | 'answer-again' | 'refuse'> {
    const { effects } = step(this.current, event, this.config.schedule);
    const verdict = effects.find(isVerdict);
    if (!verdict) throw new Error('The round machine gave no answer to a submission.');
    return verdict;
  }

  /**
   * One event: step, store, then act. Runs inside the queue. Where storing fails nothing has happened: the state in
   * memory is the one on disk.
   */
  private async dispatch(
    happening: Happening,
    also: { durably?: (tx: Store) => Promise<void>; whenStored?: () => void } = {},
  ): Promise<void> {
    const event = { ...happening, at: this.parts.clock.now() } as RoundEvent;
    const before = this.current;
    const { state: after, effects } = step(before, event, this.config.schedule);
    const log = sentencesOf({ before, event, after, effects, nameOf: (client) => this.nameOf(client) });
    if (after !== before || effects.length > 0 || also.durably || log.length > 0) {
      await this.stored(async (tx) => {
        await tx.saveState(this.id, after);
        for (const effect of effects) await this.record(effect, tx);
        await also.durably?.(tx);
        await tx.appendEvents(this.id, log);
      });
    }
    this.current = after;
    // The sums must hold a submission before the commit that it brings about.
    also.whenStored?.();
    for (const effect of effects) {
      // Everybody hears of the end of a round before the new state, and of the new state before its offers.
      if (effect.type !== 'close') this.tellStatus();
      await this.run(effect);
    }
    if (isEnded(this.current)) this.sums = null;
    this.arm();
    this.tellStatus();
    this.parts.onChange();
  }

  private async stored(work: (tx: Store) => Promise<void>): Promise<void> {
    try {
      await this.parts.store.transaction(work);
    } catch (error) {
      this.parts.logger.error({ federation: this.id, err: error }, 'the store refused a step');
      throw new ProtocolError('storage-failed', 'The coordinator could not store this; it may be tried again.');
    }
  }

  /** The part of an effect that belongs to the same transaction as the state. */
  private async record(effect: RoundEffect, tx: Store): Promise<void> {
    const at = this.today();
    switch (effect.type) {
      case 'begin': {
        const { round: number, attempt } = effect;
        const row = { federation: this.id, number, attempt, reason: null, startedAt: at, closedAt: null };
        return tx.addRound({ ...row, state: 'training' });
      }
      case 'commit':
        return tx.updateRound(this.id, effect, { state: 'aggregating' });
      case 'close':
        return tx.updateRound(this.id, effect, { state: effect.outcome, reason: effect.reason, closedAt: at });
      case 'discard':
        return tx.removeSubmissions(this.id, effect.round);
      case 'offer':
      case 'accept':
      case 'answer-again':
      case 'refuse':
        return;
    }
  }

  /** What an effect does once it is stored. */
  private async run(effect: RoundEffect): Promise<void> {
    switch (effect.type) {
      case 'offer':
        for (const client of effect.clients) await this.offer(client);
        return;
      case 'commit':
        return this.commit();
      case 'close': {
        const { type: _, reason, ...closed } = effect;
        this.announce('closed', { ...closed, ...(reason ? { reason: reason.slice(0, 500) } : {}) });
        if (effect.outcome === 'committed') await this.endRound(effect.round);
        return;
      }
      case 'discard':
        return this.endRound(effect.round);
      case 'begin':
      case 'accept':
      case 'answer-again':
      case 'refuse':
        return;
    }
  }

  /** [PF3] [RD2] */
  private async offer(client: string): Promise<void> {
    const seat = this.seats.get(client);
    const state = this.current;
    if (!seat || state.state !== 'training') return;
    const round = state.version + 1;
    const { everyRounds } = this.config.search;
    const isDue = everyRounds > 0 && round > 1 && (round - 1) % everyRounds === 0;
    const row = isDue ? await this.parts.store.client(this.id, client) : null;
    const offer: RoundOffer = {
      round,
      attempt: state.attempt,
      version: state.version,
      remainingMs: Math.max(0, state.deadline - this.parts.clock.now()),
      density: seat.density,
      searchAnew: isDue && row?.maskRound !== round,
    };
    seat.connection.send('offer', offer);
  }

  /** [PF6] [RD3] theta_g + Σ w·m⊙Δ / Σ w·m, on disk before anybody hears of it. */
  private async commit(): Promise<void> {
    const { adapters, logger } = this.parts;
    const version = versionOf(this.current);
    let blob: string;
    try {
      const next = this.openSums().apply(await this.theta(version));
      blob = await adapters.keepTheta(next);
    } catch (error) {
      const cause = error instanceof ProtocolError && error.code === 'delta-not-finite' ? 'aggregate' : 'storage';
      const reason = error instanceof Error ? error.message : String(error);
      logger.error({ federation: this.id, round: version + 1, err: error }, 'the commit failed');
      return this.dispatch({ type: 'commit-failed', cause, reason });
    }
    try {
      await this.dispatch(
        { type: 'committed' },
        { durably: (tx) => tx.addVersion(this.id, version + 1, { blob, at: this.today() }) },
      );
    } catch (error) {
      if (versionOf(this.current) > version) throw error;
      const failed: Happening = { type: 'commit-failed', cause: 'storage', reason: 'The store refused it.' };
      await this.dispatch(failed).catch(() => this.retryLater());
    }
  }

  /** Nothing of a single client is kept beyond its round. */
  private async endRound(round: number): Promise<void> {
    this.sums = null;
    await this.spool.clear(round).catch((error: unknown) => {
      this.parts.logger.warn({ federation: this.id, round, err: error }, 'the spool could not be cleared');
    });
    await this.flushTraffic();
  }

  private arm(): void {
    this.cancelTimer();
    const due = wakeAt(this.current);
    if (due === null || this.isClosed) return;
    this.wakeIn(due - this.parts.clock.now());
  }

  private wakeIn(milliseconds: number): void {
    this.cancelTimer = this.parts.clock.after(Math.max(0, milliseconds), () => {
      this.queue.run(() => this.dispatch({ type: 'time-passed' })).catch(() => this.retryLater());
    });
  }

  private retryLater(): void {
    this.cancelTimer();
    if (!this.isClosed) this.wakeIn(TIMER_RETRY_MS);
  }

  /** [RD4] @returns clients whose accepted delta is not on disk any more */
  private async rebuildSums(): Promise<string[]> {
    const round = versionOf(this.current) + 1;
    await this.spool.clear(round - 1);
    const rows = await this.parts.store.submissions(this.id, [round]);
    await this.spool.keepOnly(
      round,
      rows.map((row) => row.client),
    );
    this.sums = null;
    const lost: string[] = [];
    for (const row of rows) {
      try {
        const mask = await this.parts.adapters.mask(this.space, row.maskBlob);
        const { layoutHash, config } = this.space;
        const bytes = await this.spool.read(round, row.client);
        const expected = { layoutHash, maskHash: row.maskHash, count: mask.kept, dtype: config.wire.dtype };
        this.openSums().add(mask, decodeValues(bytes, expected), row.weight);
      } catch (error) {
        this.parts.logger.error({ federation: this.id, round, client: row.client, err: error }, 'a submission is lost');
        lost.push(row.client);
      }
    }
    return lost;
  }

  private openSums(): ParameterSums {
    this.sums ??= new ParameterSums(this.space.layout.size);
    return this.sums;
  }

  // Telling people

  private announce<K extends 'closed' | 'status'>(name: K, message: Parameters<ClientConnection['send']>[1]): void {
    for (const { connection, ready } of this.seats.values()) {
      if (ready) connection.send(name, message as never);
    }
  }

  private tellStatus(): void {
    const now = this.status;
    const before = this.told;
    const isSame = before && JSON.stringify(before) === JSON.stringify(now);
    if (isSame || this.isClosed) return;
    const onlyHeads = before && JSON.stringify({ ...before, ready: 0 }) === JSON.stringify({ ...now, ready: 0 });
    if (onlyHeads) this.cancelStatus ??= this.parts.clock.after(STATUS_PAUSE_MS, () => this.tellNow());
    else this.tellNow();
  }

  private tellNow(): void {
    this.cancelStatus?.();
    this.cancelStatus = null;
    this.told = this.status;
    this.announce('status', this.told);
  }

  // Small things

  private async admit(client: string, { publicKey, agent, invite }: Applicant): Promise<ClientRow> {
    const at = this.today();
    const row: ClientRow = {
      federation: this.id,
      id: client,
      publicKey,
      name: `client ${client.slice(0, 6)}`,
      agent,
      device: { backend: 'cpu', description: 'not known yet' },
      examples: { training: 1, heldOut: 1 },
      density: densityOf(this.config),
      shareEvaluation: false,
      maskBlob: null,
      maskHash: null,
      maskBytes: null,
      maskKept: null,
      maskRound: null,
      bytesUp: 0,
      bytesDown: 0,
      joinedAt: at,
      lastSeen: at,
    };
    await this.stored(async (tx) => {
      if (invite) await tx.useInvite(this.id, invite);
      await tx.addClient(row);
      const text = `${row.name} has joined with ${agent || 'an unnamed program'}.`;
      await tx.appendEvents(this.id, [{ at, kind: 'client-joined', text, data: { client } }]);
    });
    return row;
  }

  private async vacate({ client }: Seat): Promise<void> {
    this.seats.delete(client);
    if (this.isClosed) return;
    await this.flushTraffic();
    await this.parts.store.updateClient(this.id, client, { lastSeen: this.today() });
    if (presentIn(this.current).includes(client)) await this.dispatch({ type: 'client-left', client });
    this.parts.onChange();
  }

  private async flushTraffic(): Promise<void> {
    for (const [client, { up, down }] of this.traffic.take()) {
      await this.parts.store.addTraffic(this.id, client, { up, down });
    }
  }

  private async clientRow(client: string): Promise<ClientRow> {
    const row = await this.parts.store.client(this.id, client);
    if (!row) throw new ProtocolError('not-joined', 'This client has not joined.');
    return row;
  }

  private submissionOf(client: string, { round, attempt }: DeltaAnnounce): RoundEvent {
    return { type: 'submission', client, round, attempt, at: this.parts.clock.now() };
  }

  private hasAccepted(client: string, round: number): boolean {
    const state = this.current;
    if (versionOf(state) >= round) return true;
    return !isEnded(state) && submittedIn(state).includes(client);
  }

  private mustBeOpen(): void {
    if (this.isClosed) throw new ProtocolError('shutting-down', 'The coordinator is shutting down; come back soon.');
  }

  private mustSit(client: string, connection: ClientConnection): Seat {
    this.mustBeOpen();
    const seat = this.seats.get(client);
    if (seat?.connection !== connection) throw new ProtocolError('not-joined', 'This connection has not joined.');
    return seat;
  }

  private mustBeReady(client: string): Seat & { ready: Ready } {
    const seat = this.seats.get(client);
    if (!seat?.ready) throw new ProtocolError('not-in-round', 'The client has not said yet that it is ready.');
    return { ...seat, ready: seat.ready };
  }

  /** A mask belongs to the round in progress, or to the one that comes next. */
  private mustBeCurrent(round: number): void {
    const state = this.current;
    if (isEnded(state)) throw new ProtocolError('federation-ended', `The federation is ${state.state}.`);
    const current = versionOf(state) + 1;
    if (round < current)
      throw new ProtocolError('round-closed', `Round ${round} has closed; round ${current} is next.`);
    if (round > current) throw new ProtocolError('round-unknown', `Round ${round} has not been offered.`);
  }

  private nameOf(client: string): string {
    return this.names.get(client) ?? client;
  }

  private today(): Date {
    return new Date(this.parts.clock.now());
  }
}

type Happening = RoundEvent extends infer E ? (E extends RoundEvent ? Omit<E, 'at'> : never) : never;

function isVerdict(effect: RoundEffect): effect is RoundEffectOf<'accept' | 'answer-again' | 'refuse'> {
  return effect.type === 'accept' || effect.type === 'answer-again' || effect.type === 'refuse';
}

function submittedIn(state: Exclude<RoundState, { state: 'finished' | 'failed' | 'stopped' }>): readonly string[] {
  return state.state === 'paused' ? state.held.submitted : state.submitted;
}

/** [UP4] The first answer, again. */
function receiptOf({ round, sha256, bytes }: Pick<SubmissionRow, 'round' | 'sha256' | 'bytes'>): Receipt {
  return { kind: 'delta', round, sha256, bytes };
}
