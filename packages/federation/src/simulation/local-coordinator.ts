import {
  type FederationConfig,
  type FederationStatus,
  ProtocolError,
  type Ready,
  type RequestName,
  type RequestOf,
} from '@perfit/protocol';
import { type Layout, layoutHash } from '@perfit/protocol/space';
import { Condition } from '../client/condition.ts';
import { Adapters } from '../coordinator/adapters.ts';
import { ClientSession } from '../coordinator/client-session.ts';
import { FederationRoom } from '../coordinator/federation-room.ts';
import { MemoryBlobs } from '../coordinator/memory-blobs.ts';
import { MemorySpool } from '../coordinator/memory-spool.ts';
import { MemoryStore } from '../coordinator/memory-store.ts';
import { type Logger, silentMeter } from '../coordinator/ports.ts';
import { UploadSlots } from '../coordinator/upload-service.ts';
import { isEnded, newFederation, versionOf } from '../round/round-state.ts';
import type { Faults } from './fault.ts';
import { LocalConnection } from './local-connection.ts';
import type { VirtualClock } from './virtual-clock.ts';

export const SIMULATED_FEDERATION = 'simulated';

/** By so much a straggler is late. */
const LATE_MS = 1_000;

export interface LocalCoordinatorParts {
  readonly config: FederationConfig;
  readonly layout: Layout;
  readonly clock: VirtualClock;
  readonly faults: Faults;
  /** A client's bytes of one round, as they pass: contents of masks, deltas and slices. */
  readonly onBytes: (client: string, round: number, direction: 'up' | 'down', bytes: number) => void;
}

interface Seat {
  readonly connection: LocalConnection;
  name: string;
  presence: 'joining' | 'here' | 'away' | 'gone';
  /** The round that it cannot take part in, however often it is repeated. */
  gaveUpRound: number | null;
}

/**
 * The coordinator's own core on memory instead of disk, without network and people, and with time that only the simulation
 * moves. Clients take turns: one is told of its offer when the one before has submitted, given up or gone. So sums are
 * added in the same order in every run, and one tuning is in memory at a time.
 *
 * Signatures are not verified: whoever could pretend to be somebody else is in this process already.
 */
export class LocalCoordinator {
  private readonly parts: LocalCoordinatorParts;
  private readonly room: FederationRoom;
  private readonly slots: UploadSlots;
  private readonly seats: Seat[] = [];
  private readonly changes = new Condition();
  private turn: Seat | null = null;
  /** What went wrong in the coordinator itself: it would try again, where nothing can have changed. */
  private failure: unknown = null;

  private constructor(parts: LocalCoordinatorParts, hash: string, at: { store: MemoryStore }) {
    const { config, layout, clock } = parts;
    this.parts = parts;
    this.slots = new UploadSlots(Number.POSITIVE_INFINITY, clock);
    const blobs = new MemoryBlobs();
    this.room = new FederationRoom({
      space: { federation: SIMULATED_FEDERATION, config, layout, layoutHash: hash },
      state: newFederation,
      createdAt: new Date(clock.now()),
      store: at.store,
      adapters: new Adapters(blobs, at.store),
      spool: new MemorySpool(),
      clock,
      logger: loggerOf((error) => {
        this.failure ??= error;
      }),
      meter: { ...silentMeter, closed: () => this.attemptClosed() },
      maxClients: Number.POSITIVE_INFINITY,
      onChange: () => {},
    });
  }

  static async open(parts: LocalCoordinatorParts): Promise<LocalCoordinator> {
    const { config, layout, clock } = parts;
    const hash = await layoutHash(layout);
    const store = new MemoryStore();
    await store.addFederation({
      id: SIMULATED_FEDERATION,
      // Nobody is invited here, and nobody else can come.
      config,
      layoutHash: hash,
      layoutSize: layout.size,
      state: newFederation,
      createdAt: new Date(clock.now()),
    });
    return new LocalCoordinator({ ...parts, config: { ...config, access: 'open' } }, hash, { store });
  }

  get status(): FederationStatus {
    return this.room.status;
  }

  /** θ_g as it was committed last. @returns [N], not to be written to */
  theta(): Promise<Float32Array> {
    return this.room.theta();
  }

  async close(): Promise<void> {
    await this.room.close();
  }

  // Who takes part

  /** A place for one more client; its order among the others is the order of turns. */
  connection(): LocalConnection {
    const seat: Seat = {
      connection: new LocalConnection({
        session: (line) =>
          new ClientSession({
            line,
            federations: { find: (id) => (id === SIMULATED_FEDERATION ? this.room : null) },
            slots: this.slots,
            logger: silent,
            verify: async () => true,
          }),
        before: (name, message) => this.before(seat, name, message),
        onReady: (ready) => this.onReady(seat, ready),
        onSubmitted: () => this.endTurn(seat),
        onBytes: (round, direction, bytes) => this.parts.onBytes(seat.name, round, direction, bytes),
      }),
      name: '',
      presence: 'joining',
      gaveUpRound: null,
    };
    this.seats.push(seat);
    return seat.connection;
  }

  /** Resolves when the client of this connection is ready, or gone. */
  async seated(connection: LocalConnection, signal: AbortSignal): Promise<void> {
    const seat = this.seatOf(connection);
    await this.changes.until(() => seat.presence !== 'joining' || null, signal);
  }

  /** The client cannot do its part of the round: nobody waits for it before the deadline. */
  gaveUp(connection: LocalConnection, round: number): void {
    const seat = this.seatOf(connection);
    seat.gaveUpRound = round;
    this.endTurn(seat);
  }

  /** The client's loop is over. */
  gone(connection: LocalConnection): void {
    const seat = this.seatOf(connection);
    seat.presence = 'gone';
    seat.connection.close();
    this.endTurn(seat);
    this.changes.changed();
  }

  // Turns

  /** From the start to the end: gives turns, and lets time pass when there is nobody to give one to. */
  async conduct(signal: AbortSignal): Promise<void> {
    await this.room.act('start');
    for (;;) {
      signal.throwIfAborted();
      await this.settled();
      // Whoever dropped out of an attempt comes back when that is closed.
      if (!this.isEverybodyBack) {
        await this.changes.until(() => this.isEverybodyBack || null, signal);
        continue;
      }
      if (isEnded(this.room.state)) return;
      const seat = this.nextInLine();
      if (seat) await this.giveTurn(seat, signal);
      else this.letTimePass();
    }
  }

  /** In the order of the seats; those whose delta will be late come last. */
  private nextInLine(): Seat | null {
    const round = this.roundUnderWay();
    const waiting = this.seats.filter(
      ({ connection, presence, gaveUpRound }) => connection.isOffered && presence === 'here' && gaveUpRound !== round,
    );
    const isLate = ({ name }: Seat) => this.parts.faults.has(name, round, 'straggler');
    return waiting.find((seat) => !isLate(seat)) ?? waiting[0] ?? null;
  }

  private async giveTurn(seat: Seat, signal: AbortSignal): Promise<void> {
    if (this.parts.faults.strikes(seat.name, this.roundUnderWay(), 'dropout')) {
      seat.presence = 'away';
      await seat.connection.break('the simulation lets this client drop out');
      return;
    }
    this.turn = seat;
    seat.connection.passOffer();
    await this.changes.until(() => this.turn !== seat || null, signal);
  }

  private endTurn(seat: Seat): void {
    if (this.turn !== seat) return;
    this.turn = null;
    this.changes.changed();
  }

  private letTimePass(): void {
    if (this.parts.clock.advanceToNext()) return;
    const text = `The federation waits in the state ${this.status.state} for clients that will not come.`;
    throw new ProtocolError('conflict', text);
  }

  private get isEverybodyBack(): boolean {
    return this.seats.every(({ presence }) => presence !== 'joining');
  }

  /** When the room has done what follows from everything so far. */
  private async settled(): Promise<void> {
    await this.room.withRoundsQuiesced(async () => {});
    if (this.failure) throw this.failure;
  }

  private roundUnderWay(): number {
    return versionOf(this.room.state) + 1;
  }

  // What is heard of the room and of the clients

  /** Offers of it are void, and whoever dropped out of it comes back. */
  private attemptClosed(): void {
    for (const seat of this.seats) {
      seat.connection.dropOffer();
      if (seat.presence !== 'away') continue;
      seat.presence = 'joining';
      seat.connection.heal();
    }
  }

  private onReady(seat: Seat, { name }: Ready): void {
    seat.name = name;
    seat.presence = 'here';
    this.changes.changed();
  }

  /** [RD2] [UP5] A straggler has done its work, and is too late with it. */
  private async before<K extends RequestName>(seat: Seat, name: K, message: RequestOf<K>): Promise<void> {
    if (name !== 'announce') return;
    const { kind, round } = message as RequestOf<'announce'>;
    if (kind !== 'delta' || !this.parts.faults.strikes(seat.name, round, 'straggler')) return;
    const { state } = this.room;
    if (state.state !== 'training' || state.attempt !== 1) return;
    this.parts.clock.advanceTo(state.deadline + LATE_MS);
    await this.settled();
  }

  private seatOf(connection: LocalConnection): Seat {
    const seat = this.seats.find((one) => one.connection === connection);
    if (!seat) throw new RangeError('this connection is not of this coordinator');
    return seat;
  }
}

const silent = loggerOf(() => {});

/** What a coordinator's operator would read. Refusals are the round machine's to repeat; all else is a fault of ours. */
function loggerOf(onFault: (error: unknown) => void): Logger {
  const nothing = () => {};
  const logger: Logger = {
    debug: nothing,
    info: nothing,
    warn: nothing,
    error(fields) {
      const error = 'err' in fields ? fields.err : null;
      if (error && !(error instanceof ProtocolError)) onFault(error);
    },
    child: () => logger,
  };
  return logger;
}
