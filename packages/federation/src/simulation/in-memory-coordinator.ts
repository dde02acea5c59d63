import {
  type Announce,
  decodeMask,
  decodeValues,
  downDtype,
  encodeValues,
  type FederationConfig,
  type FederationStatus,
  MAX_CHUNK_BYTES,
  maskByteLimit,
  maskHash,
  ProtocolError,
  type Ready,
  type Receipt,
  type RequestName,
  type RequestOf,
  sha256Hex,
  type ValueOf,
  valuesByteLength,
} from '@perfit/protocol';
import { initialTheta, type Layout, layoutHash, Mask } from '@perfit/protocol/space';
import type { Aggregation, GlobalState } from '../aggregation/aggregation.ts';
import { checkDelta, weightOf } from '../aggregation/delta-check.ts';
import { openAggregation } from '../aggregation/open-aggregation.ts';
import { assertHasOwners } from '../aggregation/owner-counts.ts';
import { Condition } from '../client/condition.ts';
import { clientIdOf } from '../identity.ts';
import { checkMaskRound, checkSubmission } from '../round/admission.ts';
import type { RoundEffect, RoundEffectOf, RoundEvent } from '../round/round-event.ts';
import { isEnded, newFederation, type RoundState, versionOf, wakeAt } from '../round/round-state.ts';
import { statusOf } from '../round/status.ts';
import { step } from '../round/step.ts';
import { checkExchangedMask, densityOf, isSearchDue } from '../strategy/registry.ts';
import type { Faults } from './fault.ts';
import { InMemoryConnection } from './in-memory-connection.ts';
import type { VirtualClock } from './virtual-clock.ts';

export const SIMULATED_FEDERATION = 'simulated';

export interface CoordinatorParts {
  readonly config: FederationConfig;
  readonly layout: Layout;
  readonly clock: VirtualClock;
  readonly faults: Faults;
  /** A client's bytes of one round, as they pass: contents of masks, deltas and slices. */
  readonly onBytes: (client: string, round: number, direction: 'up' | 'down', bytes: number) => void;
}

interface Seat {
  readonly connection: InMemoryConnection;
  publicKey: string;
  client: string;
  ready: Ready | null;
  density: number;
  /** Asks for a turn: it has been offered the round in progress, and not been told yet. */
  isOffered: boolean;
  presence: 'joining' | 'here' | 'away' | 'gone';
  /** The round that it cannot take part in, however often it is repeated. */
  gaveUpRound: number | null;
  mask: { readonly mask: Mask; readonly hash: string; readonly sha256: string; readonly round: number } | null;
  upload: { readonly id: string; readonly announce: Announce; readonly bytes: Uint8Array; offset: number } | null;
  lastReceipt: Receipt | null;
}

/** An event without its time. */
type RoundEventInput = RoundEvent extends infer E ? (E extends RoundEvent ? Omit<E, 'at'> : never) : never;
type DeltaAnnounce = Extract<Announce, { kind: 'delta' }>;

/**
 * A coordinator without network, disk and people: it feeds the round machine that the real one feeds, with the same
 * codecs, checks and sums. Clients take turns: one is told of its offer when the one before has submitted, given up or
 * gone. So sums are added in the same order in every run, and memory holds one tuning at a time.
 *
 * Signatures are not verified: whoever could pretend to be somebody else is in this process already.
 */
export class InMemoryCoordinator {
  private readonly parts: CoordinatorParts;
  private readonly hash: string;
  private readonly seats: Seat[] = [];
  private readonly changes = new Condition();
  private current: RoundState = newFederation;
  private global: GlobalState;
  private sums: Aggregation;
  /** Perplexities of the round's tuned personal models. */
  private tuned: number[] = [];
  private told: string | null = null;
  private turn: Seat | null = null;
  private uploads = 0;
  /** In DC2 form what every client is sent alike; one version of each. */
  private readonly wholePayloads = new Map<
    'theta' | 'owners',
    { readonly version: number; readonly bytes: Uint8Array }
  >();

  private constructor(parts: CoordinatorParts, hash: string) {
    this.parts = parts;
    this.hash = hash;
    this.global = { theta: initialTheta(parts.layout, parts.config.seed), moments: null, owners: null };
    this.sums = this.openSums();
  }

  static async open(parts: CoordinatorParts): Promise<InMemoryCoordinator> {
    return new InMemoryCoordinator(parts, await layoutHash(parts.layout));
  }

  get status(): FederationStatus {
    return statusOf(this.current, this.parts.config.schedule);
  }

  /** θ_g as it was committed last. @returns [N], not to be written to */
  get theta(): Float32Array {
    return this.global.theta;
  }

  // Who takes part

  /** A place for one more client; its order among the others is the order of turns. */
  connection(): InMemoryConnection {
    const connection = new InMemoryConnection((name, message, from) => this.handle(name, message, from));
    this.seats.push({
      connection,
      publicKey: '',
      client: '',
      ready: null,
      density: 1,
      isOffered: false,
      presence: 'joining',
      gaveUpRound: null,
      mask: null,
      upload: null,
      lastReceipt: null,
    });
    return connection;
  }

  /** Resolves when the client of this connection is ready, or gone. */
  async seated(connection: InMemoryConnection, signal: AbortSignal): Promise<void> {
    const seat = this.seatOf(connection);
    await this.changes.until(() => seat.presence !== 'joining' || null, signal);
  }

  /** The client cannot do its part of the round: nobody waits for it before the deadline. */
  gaveUp(connection: InMemoryConnection, round: number): void {
    const seat = this.seatOf(connection);
    seat.gaveUpRound = round;
    this.endTurn(seat);
  }

  /** The client's loop is over. */
  gone(connection: InMemoryConnection): void {
    const seat = this.seatOf(connection);
    const wasHere = seat.presence === 'here';
    seat.presence = 'gone';
    if (wasHere && !isEnded(this.current)) this.dispatch({ type: 'client-left', client: seat.client });
    this.endTurn(seat);
    this.changes.changed();
  }

  // Turns

  /** From the start to the end: gives turns, and lets time pass when there is nobody to give one to. */
  async conduct(signal: AbortSignal): Promise<void> {
    this.dispatch({ type: 'operator', action: 'start' });
    while (!isEnded(this.current)) {
      signal.throwIfAborted();
      await this.everybodyBack(signal);
      const seat = this.nextInLine();
      if (seat) await this.giveTurn(seat, signal);
      else this.letTimePass();
    }
    await this.everybodyBack(signal);
  }

  /** In the order of the seats; those whose delta will be late come last. */
  private nextInLine(): Seat | null {
    const round = versionOf(this.current) + 1;
    const waiting = this.seats.filter(
      (seat) => seat.isOffered && seat.presence === 'here' && seat.gaveUpRound !== round,
    );
    const isLate = (seat: Seat) => this.parts.faults.has(nameOf(seat), round, 'straggler');
    return waiting.find((seat) => !isLate(seat)) ?? waiting[0] ?? null;
  }

  private async giveTurn(seat: Seat, signal: AbortSignal): Promise<void> {
    const { current: state } = this;
    seat.isOffered = false;
    if (state.state !== 'training') return;
    const round = state.version + 1;
    if (this.parts.faults.strikes(nameOf(seat), round, 'dropout')) {
      seat.presence = 'away';
      seat.connection.break('the simulation lets this client drop out');
      this.dispatch({ type: 'client-left', client: seat.client });
      return;
    }
    const isDue = isSearchDue(this.parts.config, round);
    this.turn = seat;
    seat.connection.announce('offer', {
      round,
      attempt: state.attempt,
      version: state.version,
      remainingMs: Math.max(0, state.deadline - this.parts.clock.now()),
      density: seat.density,
      searchAnew: isDue && seat.mask?.round !== round,
    });
    await this.changes.until(() => this.turn !== seat || null, signal);
  }

  private endTurn(seat: Seat): void {
    if (this.turn !== seat) return;
    this.turn = null;
    this.changes.changed();
  }

  private letTimePass(): void {
    const at = wakeAt(this.current);
    if (at === null) {
      const text = `The federation waits in the state ${this.current.state} for clients that will not come.`;
      throw new ProtocolError('conflict', text);
    }
    this.parts.clock.advanceTo(at);
    this.dispatch({ type: 'time-passed' });
  }

  private async everybodyBack(signal: AbortSignal): Promise<void> {
    await this.changes.until(() => this.seats.every((seat) => seat.presence !== 'joining') || null, signal);
  }

  // The round machine

  private dispatch(input: RoundEventInput): readonly RoundEffect[] {
    const event = { ...input, at: this.parts.clock.now() } as RoundEvent;
    const { state, effects } = step(this.current, event, this.parts.config.schedule);
    this.current = state;
    for (const effect of effects) this.act(effect);
    this.tellStatus();
    return effects;
  }

  private act(effect: RoundEffect): void {
    switch (effect.type) {
      case 'begin':
        return;
      case 'offer':
        for (const seat of this.seats) if (effect.clients.includes(seat.client)) seat.isOffered = true;
        return;
      case 'accept':
      case 'answer-again':
      case 'refuse':
        return; // whoever dispatched the submission answers it
      case 'commit':
        this.commit();
        return;
      case 'discard':
        this.sums = this.openSums();
        this.tuned = [];
        for (const seat of this.seats) if (seat.lastReceipt?.round === effect.round) seat.lastReceipt = null;
        return;
      case 'close':
        this.close(effect);
        return;
    }
  }

  /** [PF6] [RD3] */
  private commit(): void {
    try {
      this.global = this.sums.apply();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.dispatch({ type: 'commit-failed', cause: 'aggregate', reason: error.message });
      return;
    }
    this.dispatch({ type: 'committed', tuned: this.tuned });
    this.tuned = [];
    this.sums = this.openSums();
  }

  /** For the round that is under way, or comes next. */
  private openSums(): Aggregation {
    const { config, layout } = this.parts;
    return openAggregation({ config, layout, round: versionOf(this.current) + 1, global: this.global });
  }

  private close({ type: _type, reason, ...closed }: RoundEffectOf<'close'>): void {
    for (const seat of this.seats) {
      seat.isOffered = false;
      if (seat.presence === 'here') seat.connection.announce('closed', { ...closed, ...(reason ? { reason } : {}) });
    }
    for (const seat of this.seats.filter((one) => one.presence === 'away')) {
      seat.presence = 'joining';
      seat.connection.heal();
    }
  }

  private tellStatus(): void {
    const { status } = this;
    const told = JSON.stringify(status);
    if (told === this.told) return;
    this.told = told;
    for (const seat of this.seats) if (seat.presence === 'here') seat.connection.announce('status', status);
  }

  // Requests

  private async handle<K extends RequestName>(
    name: K,
    message: RequestOf<K>,
    from: InMemoryConnection,
  ): Promise<ValueOf<K>> {
    const seat = this.seatOf(from);
    const handlers: { [N in RequestName]: (message: RequestOf<N>) => ValueOf<N> | Promise<ValueOf<N>> } = {
      hello: ({ publicKey }) => {
        seat.publicKey = publicKey;
        return { nonce: 'nobody-pretends-to-be-another' };
      },
      prove: () => this.welcome(seat),
      ready: (ready) => this.ready(seat, ready),
      announce: (announce) => this.announce(seat, announce),
      chunk: (chunk) => this.chunk(seat, chunk),
      complete: (complete) => this.complete(seat, complete),
      download: (wanted) => this.download(seat, wanted),
      leave: () => ({}),
    };
    return handlers[name](message);
  }

  private async welcome(seat: Seat): Promise<ValueOf<'prove'>> {
    const { config, layout } = this.parts;
    seat.client = await clientIdOf(seat.publicKey);
    return {
      client: seat.client,
      federation: {
        id: SIMULATED_FEDERATION,
        config,
        modelPath: `/models/${config.model}/`,
        layout: { hash: this.hash, size: layout.size },
      },
      standing: { mask: seat.mask?.hash ?? null, lastSubmission: seat.lastReceipt?.round ?? null },
    };
  }

  /** [PF2] [RD4] */
  private ready(seat: Seat, ready: Ready): ValueOf<'ready'> {
    seat.density = densityOf(this.parts.config, {
      maxDensity: ready.maxDensity,
      tokensPerSecond: ready.device.tokensPerSecond,
    });
    queueMicrotask(() => {
      seat.ready = ready;
      seat.presence = 'here';
      seat.connection.announce('status', this.status);
      if (!isEnded(this.current)) this.dispatch({ type: 'client-ready', client: seat.client });
      this.changes.changed();
    });
    return { density: seat.density };
  }

  /** [UP1] [UP4] [UP5] */
  private announce(seat: Seat, announce: Announce): ValueOf<'announce'> {
    const receipt = announce.kind === 'mask' ? this.admitMask(seat, announce) : this.admitDelta(seat, announce);
    if (receipt) return { state: 'done', receipt };
    const known = seat.upload;
    if (known?.announce.kind === announce.kind && known.announce.sha256 === announce.sha256) {
      return { state: 'send', upload: known.id, offset: known.offset };
    }
    const id = `upload-${++this.uploads}`;
    seat.upload = { id, announce, bytes: new Uint8Array(announce.bytes), offset: 0 };
    return { state: 'send', upload: id, offset: 0 };
  }

  private admitMask(seat: Seat, { round, bytes, sha256 }: Announce): Receipt | null {
    checkMaskRound(this.current, round);
    const most = maskByteLimit(this.parts.layout.size);
    if (bytes > most) {
      throw new ProtocolError('upload-size', `A mask of this layout has at most ${most} bytes.`, { most });
    }
    if (seat.mask?.sha256 !== sha256) return null;
    seat.mask = { ...seat.mask, round };
    return { kind: 'mask', round, sha256, bytes };
  }

  private admitDelta(seat: Seat, announce: DeltaAnnounce): Receipt | null {
    const { round, bytes, report } = announce;
    if (seat.lastReceipt?.round === round) {
      this.endTurn(seat);
      return seat.lastReceipt;
    }
    const { faults, clock, config } = this.parts;
    const isLate = faults.strikes(nameOf(seat), round, 'straggler');
    if (isLate && this.current.state === 'training' && this.current.attempt === 1) {
      clock.advanceTo(this.current.deadline + 1000);
      this.dispatch({ type: 'time-passed' });
    }
    this.assertTaken(seat, announce);
    const most = seat.ready?.examples.training ?? 0;
    if (report.examples > most) {
      throw new ProtocolError('delta-examples', `The client has said that it trains on ${most} examples.`, { most });
    }
    const expected = valuesByteLength(maskOf(seat).mask.kept, config.wire.dtype);
    if (bytes !== expected) {
      throw new ProtocolError('upload-size', `The delta has ${bytes} bytes; ${expected} are right.`, { expected });
    }
    return null;
  }

  /** @throws ProtocolError as the round machine refuses the submission */
  private assertTaken({ client }: Seat, { round, attempt }: DeltaAnnounce): void {
    const { clock, config } = this.parts;
    checkSubmission(this.current, { client, round, attempt, at: clock.now() }, config.schedule);
  }

  /** [UP2] */
  private chunk(seat: Seat, { upload: id, offset, data }: RequestOf<'chunk'>): ValueOf<'chunk'> {
    const upload = seat.upload;
    if (upload?.id !== id) throw new ProtocolError('upload-unknown', 'There is no such upload.');
    if (data.length === 0 || data.length > MAX_CHUNK_BYTES || offset + data.length > upload.bytes.length) {
      throw new ProtocolError('upload-size', `A chunk of ${data.length} bytes does not fit.`);
    }
    if (offset !== upload.offset) throw new ProtocolError('upload-offset', `The upload stands at ${upload.offset}.`);
    upload.bytes.set(data, offset);
    upload.offset += data.length;
    this.parts.onBytes(nameOf(seat), upload.announce.round, 'up', data.length);
    return { offset: upload.offset };
  }

  /** [UP3] */
  private async complete(seat: Seat, { upload: id }: RequestOf<'complete'>): Promise<Receipt> {
    const upload = seat.upload;
    if (upload?.id !== id) throw new ProtocolError('upload-unknown', 'There is no such upload.');
    const { announce, bytes } = upload;
    if (upload.offset < bytes.length) {
      throw new ProtocolError('upload-offset', `Only ${upload.offset} of ${bytes.length} bytes have come.`);
    }
    seat.upload = null;
    if ((await sha256Hex(bytes)) !== announce.sha256) {
      throw new ProtocolError('upload-hash', 'What came is not what was announced: its SHA-256 is another.');
    }
    return announce.kind === 'mask' ? this.takeMask(seat, announce, bytes) : this.takeDelta(seat, announce, bytes);
  }

  private async takeMask(seat: Seat, { round, sha256 }: Announce, bytes: Uint8Array): Promise<Receipt> {
    const { config, layout } = this.parts;
    const mask = await decodeMask(bytes, { layoutHash: this.hash, size: layout.size });
    checkExchangedMask(mask, layout, { config, density: seat.density, round });
    seat.mask = { mask, hash: await maskHash(mask), sha256, round };
    return { kind: 'mask', round, sha256, bytes: bytes.length };
  }

  /** [UP3] [UP4] [PF6] Folded into the sums before the commit that it may bring about. */
  private takeDelta(seat: Seat, announce: DeltaAnnounce, bytes: Uint8Array): Receipt {
    const { config } = this.parts;
    const { mask, hash } = maskOf(seat);
    const { round, attempt, sha256, report } = announce;
    const values = decodeValues(bytes, {
      layoutHash: this.hash,
      maskHash: hash,
      count: mask.kept,
      dtype: config.wire.dtype,
    });
    checkDelta(values, { maxNorm: config.maxDeltaNorm });
    this.assertTaken(seat, announce);
    this.sums.add(mask, values, weightOf(report.examples, config.weighting));
    if (report.perplexity) this.tuned.push(report.perplexity.tuned);
    const receipt: Receipt = { kind: 'delta', round, sha256, bytes: bytes.length };
    seat.lastReceipt = receipt;
    // A late delta may count for a repeat of the round that was offered meanwhile.
    seat.isOffered = false;
    this.dispatch({ type: 'submission', client: seat.client, round, attempt });
    this.endTurn(seat);
    return receipt;
  }

  /** [PF3] [PF7] */
  private async download(seat: Seat, { what, version, offset }: RequestOf<'download'>): Promise<ValueOf<'download'>> {
    const now = versionOf(this.current);
    if (version !== now) {
      throw new ProtocolError('download-range', `There is only version ${now} of the adapter, not ${version}.`);
    }
    const bytes =
      what === 'slice' ? this.payloadOf(this.global.theta, maskOf(seat)) : await this.wholePayload(what, version);
    const data = bytes.slice(offset, offset + MAX_CHUNK_BYTES);
    this.parts.onBytes(nameOf(seat), version + 1, 'down', data.length);
    return { data, total: bytes.length, sha256: await sha256Hex(bytes) };
  }

  private async wholePayload(what: 'theta' | 'owners', version: number): Promise<Uint8Array> {
    const known = this.wholePayloads.get(what);
    if (known?.version === version) return known.bytes;
    const { theta, owners } = this.global;
    const values = what === 'theta' ? theta : assertHasOwners(owners, version);
    const mask = Mask.full(this.parts.layout.size);
    const bytes = this.payloadOf(values, { mask, hash: await maskHash(mask) });
    this.wholePayloads.set(what, { version, bytes });
    return bytes;
  }

  /** @param values [N]   @returns in DC2 form those at the mask's positions */
  private payloadOf(values: Float32Array, { mask, hash }: { mask: Mask; hash: string }): Uint8Array {
    const owner = { layoutHash: this.hash, maskHash: hash };
    return encodeValues(mask.pack(values), downDtype(this.parts.config.wire), owner);
  }

  private seatOf(connection: InMemoryConnection): Seat {
    const seat = this.seats.find((one) => one.connection === connection);
    if (!seat) throw new ProtocolError('not-joined', 'This connection has no seat.');
    return seat;
  }
}

function maskOf({ mask }: Seat): NonNullable<Seat['mask']> {
  if (!mask) throw new ProtocolError('mask-missing', 'No mask of this client is on file.');
  return mask;
}

function nameOf(seat: Seat): string {
  return seat.ready?.name ?? '';
}
