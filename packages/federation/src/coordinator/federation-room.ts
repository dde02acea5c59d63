import {
  type FederationConfig,
  type FederationDescriptor,
  type FederationStatus,
  type OperatorAction,
  ProtocolError,
  type RoundAction,
} from '@perfit/protocol';
import { type RoundState, versionOf } from '../round/round-state.ts';
import type { AdapterSpace } from './adapters.ts';
import { Broadcast } from './broadcast.ts';
import { Intake } from './intake.ts';
import type { Spool } from './ports.ts';
import { descriptorOf, Roster } from './roster.ts';
import { type DriverParts, RoundDriver } from './round-driver.ts';
import type { Seat } from './seat.ts';
import { Seats } from './seats.ts';
import { Traffic } from './traffic.ts';

export interface RoomParts extends DriverParts {
  readonly createdAt: Date;
  readonly maxClients: number;
  /** Called whenever something that an operator sees has changed. */
  readonly onChange: () => void;
}

/** One federation and the clients that are connected to it: {@link Roster}, {@link Intake} and {@link Broadcast} about its rounds. */
export class FederationRoom {
  readonly id: string;
  readonly config: FederationConfig;
  readonly createdAt: Date;
  readonly space: AdapterSpace;
  readonly spool: Spool;
  readonly traffic = new Traffic();
  readonly roster: Roster;
  readonly intake: Intake;
  private readonly parts: RoomParts;
  private readonly driver: RoundDriver;
  private readonly seats = new Seats();
  private readonly broadcast: Broadcast;
  private isClosed = false;

  constructor(parts: RoomParts) {
    const { space, spool, createdAt, onChange } = parts;
    this.parts = parts;
    this.space = space;
    this.id = space.federation;
    this.config = space.config;
    this.createdAt = createdAt;
    this.spool = spool;
    const { seats } = this;
    this.broadcast = new Broadcast({ ...parts, seats, state: () => this.state });
    this.driver = new RoundDriver(parts, {
      nameOf: (client) => seats.nameOf(client),
      isHere: (client) => seats.get(client) !== null,
      offer: (client) => this.broadcast.offer(client),
      roundClosed: (closed) => this.broadcast.closed(closed),
      moved: () => {
        onChange();
        this.broadcast.moved();
      },
      roundEnded: () => this.flushTraffic(),
    });
    const { driver, broadcast } = this;
    const assertOpen = () => this.assertOpen();
    this.intake = new Intake({ ...parts, driver, seats, assertOpen });
    this.roster = new Roster({
      ...parts,
      driver,
      seats,
      broadcast,
      assertOpen,
      isClosed: () => this.isClosed,
      flushTraffic: () => this.flushTraffic(),
    });
  }

  // What can be asked

  get state(): RoundState {
    return this.driver.state;
  }

  get status(): FederationStatus {
    return this.broadcast.status;
  }

  get descriptor(): FederationDescriptor {
    return descriptorOf(this.space);
  }

  seat(client: string): Seat | null {
    return this.seats.get(client);
  }

  /** When the last committed version is asked for: theta_g now. @returns [N], not to be written to */
  theta(version = versionOf(this.state)): Promise<Float32Array> {
    return this.parts.adapters.theta(this.space, version);
  }

  // Life

  /** [RD4] After a restart the round goes on. */
  open(): Promise<void> {
    return this.driver.queue.run(async () => {
      for (const { id, name } of await this.parts.store.clients(this.id)) this.seats.note(id, name);
      await this.driver.open();
    });
  }

  /** Finishes what is under way and keeps still. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.broadcast.close();
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

  private async flushTraffic(): Promise<void> {
    for (const [client, { up, down }] of this.traffic.take()) {
      await this.parts.store.addTraffic(this.id, client, { up, down });
    }
  }

  private assertOpen(): void {
    if (this.isClosed) throw new ProtocolError('shutting-down', 'The coordinator is shutting down; come back soon.');
  }
}
