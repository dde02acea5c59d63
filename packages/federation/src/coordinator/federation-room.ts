import {
  type Announce,
  type ClientAction,
  type Consent,
  decodeMask,
  decodeValues,
  type FederationConfig,
  type FederationDescriptor,
  type FederationStatus,
  maskHash,
  type OperatorAction,
  type Progress,
  ProtocolError,
  type Ready,
  type Receipt,
  type RequestOf,
  type RoundAction,
  type RoundClosed,
  type Welcome,
} from '@perfit/protocol';
import { checkDelta, weightOf } from '../aggregation/delta-check.ts';
import { clientIdOf } from '../identity.ts';
import { checkMaskRound } from '../round/admission.ts';
import { isEnded, presentIn, type RoundState, versionOf } from '../round/round-state.ts';
import { statusOf } from '../round/status.ts';
import { checkExchangedMask, densityOf, isSearchDue } from '../strategy/registry.ts';
import type { AdapterSpace, Payload } from './adapters.ts';
import { consented, moderated } from './event-messages.ts';
import type { Spool, UploadFile } from './ports.ts';
import { type Audience, type CheckedSubmission, type DriverParts, RoundDriver } from './round-driver.ts';
import type { ClientConnection, Seat } from './seat.ts';
import type { ClientRow, SubmissionRow } from './store.ts';
import { Traffic } from './traffic.ts';

export interface RoomParts extends DriverParts {
  readonly createdAt: Date;
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

/** One federation and the clients that are connected to it: who comes and goes, what they send, what they are told. */
export class FederationRoom {
  readonly id: string;
  readonly config: FederationConfig;
  readonly createdAt: Date;
  readonly space: AdapterSpace;
  readonly spool: Spool;
  readonly traffic = new Traffic();
  private readonly parts: RoomParts;
  private readonly driver: RoundDriver;
  private readonly seats = new Map<string, Seat>();
  /** Names of clients that were here since the start, for the log. */
  private readonly names = new Map<string, string>();
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
    const audience: Audience = {
      nameOf: (client) => this.nameOf(client),
      isHere: (client) => this.seats.has(client),
      offer: (client) => this.offer(client),
      roundClosed: (closed) => this.announce('closed', closed),
      moved: () => this.moved(),
      roundEnded: () => this.flushTraffic(),
    };
    this.driver = new RoundDriver(parts, audience);
  }

  // What can be asked

  get state(): RoundState {
    return this.driver.state;
  }

  get status(): FederationStatus {
    return statusOf(this.state, this.config.schedule);
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
  theta(version = versionOf(this.state)): Promise<Float32Array> {
    return this.parts.adapters.theta(this.space, version);
  }

  // Life

  /** [RD4] After a restart the round goes on. */
  open(): Promise<void> {
    return this.driver.queue.run(async () => {
      for (const row of await this.parts.store.clients(this.id)) this.names.set(row.id, row.name);
      await this.driver.open();
    });
  }

  /** Finishes what is under way and keeps still. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.cancelStatus?.();
    await this.driver.close();
    await this.flushTraffic();
  }

  withRoundsQuiesced<T>(work: () => Promise<T>): Promise<T> {
    return this.driver.queue.run(work);
  }

  /** @returns whether the action changed anything. @throws ProtocolError `shutting-down` */
  act(action: OperatorAction): Promise<boolean> {
    return this.driver.queue.run(async () => {
      this.assertOpen();
      const before = this.state;
      await this.driver.dispatch({ type: 'operator', action });
      return this.state !== before;
    });
  }

  /** @param round the one that is meant: another may have begun meanwhile. @returns whether it was in progress */
  actOnRound(round: number, action: RoundAction): Promise<boolean> {
    return this.driver.queue.run(async () => {
      this.assertOpen();
      const before = this.state;
      if (versionOf(before) + 1 === round) await this.driver.dispatch({ type: 'operator', action });
      return this.state !== before;
    });
  }

  /**
   * Sends a client away: `remove` lets it come back as a new client would, `ban` keeps its key out of this federation.
   * What was accepted of it stays in the round in progress, unless that is repeated.
   * @returns whether the federation knows such a client
   */
  moderate(client: string, action: ClientAction, reason: string | null): Promise<boolean> {
    return this.driver.queue.run(async () => {
      this.assertOpen();
      const { store } = this.parts;
      if (!(await store.client(this.id, client))) return false;
      const at = this.now();
      const told = { at, ...moderated({ client, name: this.nameOf(client) }, action, reason) };
      await store.transaction(async (tx) => {
        await tx.updateClient(
          this.id,
          client,
          {
            remove: { removedAt: at },
            ban: { bannedAt: at, banReason: reason },
            unban: { bannedAt: null, banReason: null },
          }[action],
        );
        await tx.appendEvents(this.id, [told]);
      });
      const seat = action === 'unban' ? undefined : this.seats.get(client);
      if (seat) {
        // Deaf from here on, even where the store fails at taking leave of it.
        seat.connection.close();
        await this.vacate(seat);
      }
      this.parts.onChange();
      return true;
    });
  }

  // Clients

  /** [HS2] Whether this key may come in; a key that is known needs no invite. @throws ProtocolError */
  async mayEnter({ publicKey, invite }: Applicant): Promise<void> {
    const { store, maxClients } = this.parts;
    const known = await store.client(this.id, await clientIdOf(publicKey));
    if (known?.bannedAt) {
      const why = known.banReason ? ` Its operator says: ${known.banReason}` : '';
      throw new ProtocolError('client-banned', `This client may not take part in the federation any more.${why}`);
    }
    if (known && !known.removedAt) return;
    if (isEnded(this.state)) throw new ProtocolError('federation-ended', `The federation is ${this.state.state}.`);
    if (this.config.access === 'invite') {
      if (!invite) throw new ProtocolError('invite-required', 'This federation is joined by its invite link only.');
      if (!(await store.hasInvite(this.id, invite, this.now()))) {
        throw inviteInvalid();
      }
    }
    if ((await store.countClients(this.id)) >= maxClients) {
      throw new ProtocolError('federation-full', `The federation has its ${maxClients} clients already.`);
    }
  }

  /** [HS2] [HS3] The key is proven: the client has its seat, and whoever had it before is told that it is replaced. */
  enter(applicant: Applicant, connection: ClientConnection): Promise<Welcome> {
    return this.driver.queue.run(async () => {
      this.assertOpen();
      await this.mayEnter(applicant);
      const { store } = this.parts;
      const client = await clientIdOf(applicant.publicKey);
      const known = await store.client(this.id, client);
      const row = known && !known.removedAt ? known : await this.admit(client, applicant, known);
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
    return this.driver.queue.run(async () => {
      const seat = this.assertSeated(client, connection);
      const density = densityOf(this.config, {
        maxDensity: ready.maxDensity,
        tokensPerSecond: ready.device.tokensPerSecond,
      });
      const { name, device, examples, shareEvaluation, consent } = ready;
      const change = { name, device, examples, shareEvaluation, density, lastSeen: this.now() };
      // Said again after every reconnect, and by a restarted client: the log has it once.
      if (consent && !isSame(consent, (await this.clientRow(client)).consent)) {
        const told = { at: this.now(), ...consented({ client, name, shareEvaluation }, consent) };
        await this.parts.store.transaction(async (tx) => {
          await tx.updateClient(this.id, client, { ...change, consent });
          await tx.appendEvents(this.id, [told]);
        });
      } else await this.parts.store.updateClient(this.id, client, change);
      this.names.set(client, ready.name);
      this.seats.set(client, { ...seat, name: ready.name, ready, density });
      return density;
    });
  }

  /** [RD4] From now on the client is counted, and offered what is under way. Follows `ready` once that is answered. */
  takePart(client: string, connection: ClientConnection): Promise<void> {
    return this.driver.queue.run(async () => {
      const seat = this.seats.get(client);
      if (seat?.connection !== connection || !seat.ready || this.isClosed) return;
      const before = this.told;
      await this.driver.dispatch({ type: 'client-ready', client });
      if (this.told === before) connection.send('status', this.status);
    });
  }

  /** The connection is gone, or the client said that it leaves. */
  leave(client: string, connection: ClientConnection): Promise<void> {
    return this.driver.queue.run(async () => {
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
    this.assertReady(client);
    checkMaskRound(this.state, message.round);
    const row = await this.clientRow(client);
    if (row.maskBlob !== message.sha256 || row.maskBytes === null) return null;
    await this.parts.store.updateClient(this.id, client, { maskRound: message.round });
    return { kind: 'mask', round: message.round, sha256: message.sha256, bytes: row.maskBytes };
  }

  /** [UP3] A whole mask whose hash is right. */
  async takeMask(client: string, message: MaskAnnounce, bytes: Uint8Array): Promise<Receipt> {
    const { density } = this.assertReady(client);
    const { layout, layoutHash } = this.space;
    const mask = await decodeMask(bytes, { layoutHash, size: layout.size });
    checkExchangedMask(mask, layout, { config: this.config, density, round: message.round });
    const hash = await maskHash(mask);
    const blob = await this.parts.adapters.keepMask(bytes);
    return this.driver.queue.run(async () => {
      checkMaskRound(this.state, message.round);
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
            at: this.now(),
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
    const seat = this.assertReady(client);
    const { round, attempt } = message;
    this.driver.assertTakes({ client, round, attempt });
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
    upload: { file: UploadFile; bytes: Uint8Array },
  ): Promise<Receipt> {
    const { maskBlob, maskHash: hash, shareEvaluation } = await this.clientRow(client);
    if (!maskBlob || !hash) throw new ProtocolError('mask-missing', 'No mask of this client is on file.');
    const mask = await this.parts.adapters.mask(this.space, maskBlob);
    const { layoutHash, config } = this.space;
    const expected = { layoutHash, maskHash: hash, count: mask.kept, dtype: config.wire.dtype };
    const values = decodeValues(upload.bytes, expected);
    const norm = checkDelta(values, { maxNorm: config.maxDeltaNorm });
    const { loss, perplexity, ...rest } = message.report;
    const row: CheckedSubmission['row'] = {
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
      receivedAt: this.now(),
    };
    const checked = { row, upload: upload.file, mask, values };
    return new Promise((answer, refuse) => {
      this.driver.queue.run(() => this.accept(checked, answer)).catch(refuse);
    });
  }

  private async accept(submission: CheckedSubmission, answer: (receipt: Receipt) => void): Promise<void> {
    this.assertOpen();
    const { row } = submission;
    const first = await this.parts.store.submission(this.id, row.round, row.client);
    if (first) return answer(receiptOf(first));
    await this.driver.accept(submission, () => answer(receiptOf(row)));
  }

  /** The operator sees what was refused, and why. */
  async noteRefusal(client: string, { kind, round }: Announce, { code, message }: ProtocolError): Promise<void> {
    const text = `${this.nameOf(client)}'s ${kind} for round ${round} is refused: ${message}`;
    const event = { at: this.now(), kind: 'refused', text, data: { client, kind, round, code } };
    await this.parts.store.appendEvents(this.id, [event]).catch((error: unknown) => {
      this.parts.logger.warn({ client, err: error }, 'a refusal could not be noted');
    });
    this.parts.onChange();
  }

  /** [PF3] [PF7] */
  async payload(client: string, what: RequestOf<'download'>['what'], version: number): Promise<Payload> {
    if (version > versionOf(this.state)) {
      throw new ProtocolError('download-range', `There is no version ${version} of the adapter yet.`);
    }
    if (what !== 'slice') return this.parts.adapters.payload(this.space, version, what);
    const { maskBlob, maskHash: hash } = await this.clientRow(client);
    if (!maskBlob || !hash) throw new ProtocolError('mask-missing', 'No mask of this client is on file.');
    const mask = await this.parts.adapters.mask(this.space, maskBlob);
    return this.parts.adapters.payload(this.space, version, { mask, hash });
  }

  // Telling people

  /** [PF3] [RD2] */
  private async offer(client: string): Promise<void> {
    const seat = this.seats.get(client);
    const { state } = this;
    if (!seat || state.state !== 'training') return;
    const round = state.version + 1;
    const isDue = isSearchDue(this.config, round);
    const row = isDue ? await this.parts.store.client(this.id, client) : null;
    seat.connection.send('offer', {
      round,
      attempt: state.attempt,
      version: state.version,
      remainingMs: Math.max(0, state.deadline - this.parts.clock.now()),
      density: seat.density,
      searchAnew: isDue && row?.maskRound !== round,
    });
  }

  private announce(...[name, message]: ['closed', RoundClosed] | ['status', FederationStatus]): void {
    for (const { connection, ready } of this.seats.values()) {
      if (ready) connection.send(name, message);
    }
  }

  private moved(): void {
    this.parts.onChange();
    const { told, status } = this;
    if (this.isClosed || (told && isSameStatus(told, status))) return;
    const onlyHeads = told && isSameStatus({ ...told, ready: 0 }, { ...status, ready: 0 });
    if (onlyHeads) this.cancelStatus ??= this.parts.clock.after(STATUS_PAUSE_MS, () => this.tellStatus());
    else this.tellStatus();
  }

  private tellStatus(): void {
    this.cancelStatus?.();
    this.cancelStatus = null;
    this.told = this.status;
    this.announce('status', this.told);
  }

  // Small things

  /** @param removed its row, where it comes back after an operator had removed it */
  private async admit(
    client: string,
    { publicKey, agent, invite }: Applicant,
    removed: ClientRow | null,
  ): Promise<ClientRow> {
    const at = this.now();
    const row: ClientRow = removed
      ? { ...removed, agent, removedAt: null }
      : {
          federation: this.id,
          id: client,
          publicKey,
          name: `client ${client.slice(0, 6)}`,
          agent,
          device: { backend: 'cpu', description: 'not known yet' },
          examples: { training: 1, heldOut: 1 },
          density: densityOf(this.config),
          shareEvaluation: false,
          consent: null,
          maskBlob: null,
          maskHash: null,
          maskBytes: null,
          maskKept: null,
          maskRound: null,
          bytesUp: 0,
          bytesDown: 0,
          joinedAt: at,
          lastSeen: at,
          removedAt: null,
          bannedAt: null,
          banReason: null,
        };
    await this.parts.store.transaction(async (tx) => {
      // Its last use may have gone to somebody else since it was asked for at the hello.
      if (this.config.access === 'invite' && !(invite && (await tx.useInvite(this.id, invite, at)))) {
        throw inviteInvalid();
      }
      if (removed) await tx.updateClient(this.id, client, { agent, removedAt: null });
      else await tx.addClient(row);
      const text = `${row.name} has joined with ${agent || 'an unnamed program'}.`;
      await tx.appendEvents(this.id, [{ at, kind: 'client-joined', text, data: { client } }]);
    });
    return row;
  }

  private async vacate({ client }: Seat): Promise<void> {
    this.seats.delete(client);
    if (this.isClosed) return;
    await this.flushTraffic();
    await this.parts.store.updateClient(this.id, client, { lastSeen: this.now() });
    if (presentIn(this.state).includes(client)) await this.driver.dispatch({ type: 'client-left', client });
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

  private assertOpen(): void {
    if (this.isClosed) throw new ProtocolError('shutting-down', 'The coordinator is shutting down; come back soon.');
  }

  private assertSeated(client: string, connection: ClientConnection): Seat {
    this.assertOpen();
    const seat = this.seats.get(client);
    if (seat?.connection !== connection) throw new ProtocolError('not-joined', 'This connection has not joined.');
    return seat;
  }

  private assertReady(client: string): Seat & { ready: Ready } {
    const seat = this.seats.get(client);
    if (!seat?.ready) throw new ProtocolError('not-in-round', 'The client has not said yet that it is ready.');
    return { ...seat, ready: seat.ready };
  }

  private nameOf(client: string): string {
    return this.names.get(client) ?? client;
  }

  private now(): Date {
    return new Date(this.parts.clock.now());
  }
}

function inviteInvalid(): ProtocolError {
  return new ProtocolError('invite-invalid', 'This invite is not one of this federation, or not valid any more.');
}

/** [UP4] The first answer, again. */
function receiptOf({ round, sha256, bytes }: Pick<SubmissionRow, 'round' | 'sha256' | 'bytes'>): Receipt {
  return { kind: 'delta', round, sha256, bytes };
}

/** Both are made by {@link statusOf}, whose fields are in one order. */
function isSameStatus(one: FederationStatus, other: FederationStatus): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function isSame(one: Consent, other: Consent | null): boolean {
  return one.version === other?.version && one.at === other.at;
}
