import { ProtocolError, type RequestOf } from '@perfit/protocol';
import { Condition } from '../client/condition.ts';
import type { Connection } from '../client/ports.ts';
import { isEnded, presentIn, type RoundState, versionOf, wakeAt } from '../round/round-state.ts';
import type { Faults } from './fault.ts';
import { type Line, TurnConnection } from './turn-connection.ts';

/** By so much a straggler is late. */
const LATE_MS = 1_000;

/** The coordinator of the same process, as far as turns depend on it. */
export interface TurnHost {
  state(): RoundState;
  /** Resolves when it has done what follows from everything so far, and where there is a network, when that has come about. */
  settled(comesAbout?: (state: RoundState) => boolean): Promise<void>;
  /** Lets the coordinator's time pass to an instant. */
  passTo(instant: number): void;
}

interface Seat {
  readonly name: string;
  readonly connection: TurnConnection;
  presence: 'joining' | 'here' | 'away' | 'gone';
  /** The round that it cannot take part in, however often it is repeated. */
  gaveUpRound: number | null;
}

type Training = Extract<RoundState, { state: 'training' }>;

/**
 * Gives clients turns: one is told of its offer when the one before has submitted, given up or gone. So sums are added in
 * the same order in every run, and one tuning is in memory at a time. Faults strike here, and time passes when nobody is
 * left who could do something before it does: nobody waits for a clock, and no deadline passes because a machine is slow.
 */
export class TurnTaker {
  private readonly host: TurnHost;
  private readonly faults: Faults;
  private readonly seats: Seat[] = [];
  private readonly changes = new Condition();
  private turn: Seat | null = null;

  constructor(host: TurnHost, faults: Faults) {
    this.host = host;
    this.faults = faults;
  }

  /** A place for one more client; its order among the others is the order of turns. */
  connection(
    name: string,
    line: Line,
    onBytes: (round: number, direction: 'up' | 'down', bytes: number) => void,
  ): TurnConnection {
    const connection = new TurnConnection(line, {
      beforeDelta: (announce) => this.beforeDelta(seat, announce),
      onReady: () => this.onReady(seat),
      onOffer: () => this.changes.changed(),
      onSubmitted: () => this.endTurn(seat),
      onBytes,
    });
    const seat: Seat = { name, connection, presence: 'joining', gaveUpRound: null };
    this.seats.push(seat);
    return connection;
  }

  /** Resolves when the client of this connection is ready, or gone. */
  async seated(connection: Connection, signal: AbortSignal): Promise<void> {
    const seat = this.seatOf(connection);
    await this.changes.until(() => seat.presence !== 'joining' || null, signal);
  }

  /** The client cannot do its part of the round: nobody waits for it before the deadline. */
  gaveUp(connection: Connection, round: number): void {
    const seat = this.seatOf(connection);
    seat.gaveUpRound = round;
    this.endTurn(seat);
  }

  /** The client's loop is over. */
  gone(connection: Connection): void {
    const seat = this.seatOf(connection);
    seat.presence = 'gone';
    seat.connection.close();
    this.endTurn(seat);
    this.changes.changed();
  }

  /**
   * From the start of the federation to its end.
   * @throws ProtocolError `conflict` where it waits for clients that will not come; the signal's reason
   */
  async conduct(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      await this.host.settled();
      const state = this.host.state();
      if (await this.somebodyComesBack(state, signal)) continue;
      if (isEnded(state)) return;
      const seat = state.state === 'training' ? await this.nextInLine(state, signal) : null;
      if (seat) await this.giveTurn(seat, signal);
      else await this.letTimePass(state);
    }
  }

  /** Whoever dropped out of an attempt comes back when that is closed. @returns whether anybody did */
  private async somebodyComesBack(state: RoundState, signal: AbortSignal): Promise<boolean> {
    for (const seat of this.seats) {
      if (seat.presence !== 'away' || seat.connection.wasOffered(attemptOf(state))) continue;
      seat.presence = 'joining';
      seat.connection.heal();
    }
    if (this.isEverybodyBack) return false;
    await this.changes.until(() => this.isEverybodyBack || null, signal);
    return true;
  }

  private get isEverybodyBack(): boolean {
    return this.seats.every(({ presence }) => presence !== 'joining');
  }

  /** In the order of the seats; those whose delta will be late come last. */
  private async nextInLine(state: Training, signal: AbortSignal): Promise<Seat | null> {
    const attempt = attemptOf(state);
    const owed = presentIn(state).filter((client) => !state.submitted.includes(client));
    const isTold = ({ connection }: Seat) =>
      connection.client === null || !owed.includes(connection.client) || connection.wasOffered(attempt);
    // Over a network offers take their time.
    await this.changes.until(
      () => this.seats.every((seat) => seat.presence !== 'here' || isTold(seat)) || null,
      signal,
    );
    const waiting = this.seats.filter(
      ({ connection, presence, gaveUpRound }) =>
        connection.holdsOffer(attempt) && presence === 'here' && gaveUpRound !== attempt.round,
    );
    const isLate = ({ name }: Seat) => this.faults.has(name, attempt.round, 'straggler');
    return waiting.find((seat) => !isLate(seat)) ?? waiting[0] ?? null;
  }

  private async giveTurn(seat: Seat, signal: AbortSignal): Promise<void> {
    const { connection } = seat;
    if (this.faults.strikes(seat.name, versionOf(this.host.state()) + 1, 'dropout')) {
      seat.presence = 'away';
      await connection.break('the simulation lets this client drop out');
      await this.host.settled((state) => connection.client === null || !presentIn(state).includes(connection.client));
      return;
    }
    this.turn = seat;
    connection.passOffer();
    await this.changes.until(() => this.turn !== seat || null, signal);
  }

  private endTurn(seat: Seat): void {
    if (this.turn !== seat) return;
    this.turn = null;
    this.changes.changed();
  }

  private async letTimePass(state: RoundState): Promise<void> {
    const due = wakeAt(state);
    if (due === null) {
      const text = `The federation waits in the state ${state.state} for clients that will not come.`;
      throw new ProtocolError('conflict', text);
    }
    this.host.passTo(due);
    await this.host.settled((later) => later !== state);
  }

  private onReady(seat: Seat): void {
    seat.presence = 'here';
    this.changes.changed();
  }

  /** [RD2] [UP5] A straggler has done its work, and is too late with it. */
  private async beforeDelta({ name }: Seat, { round }: RequestOf<'announce'>): Promise<void> {
    if (!this.faults.strikes(name, round, 'straggler')) return;
    const state = this.host.state();
    if (state.state !== 'training' || state.attempt !== 1) return;
    this.host.passTo(state.deadline + LATE_MS);
    await this.host.settled(
      (later) => later.state !== 'training' || attemptOf(later).attempt !== 1 || versionOf(later) !== state.version,
    );
  }

  private seatOf(connection: Connection): Seat {
    const seat = this.seats.find((one) => one.connection === connection);
    if (!seat) throw new RangeError('this connection is not of this turn-taker');
    return seat;
  }
}

/** The round that is under way or comes next, and its attempt. */
function attemptOf(state: RoundState): { readonly round: number; readonly attempt: number } {
  const held = state.state === 'paused' ? state.held : state;
  return { round: versionOf(state) + 1, attempt: 'attempt' in held && held.state !== 'recruiting' ? held.attempt : 0 };
}
