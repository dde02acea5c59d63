import {
  type ClientAction,
  type Conclude,
  type Consent,
  type FederationDescriptor,
  type Progress,
  ProtocolError,
  type Ready,
  type Welcome,
} from '@perfit/protocol';
import { clientIdOf } from '../identity.ts';
import { isEnded, presentIn } from '../round/round-state.ts';
import { densityOf } from '../strategy/registry.ts';
import type { AdapterSpace } from './adapters.ts';
import type { Broadcast } from './broadcast.ts';
import { clientRow, newClientRow } from './client-row.ts';
import type { TimerClock } from './clock.ts';
import { consented, moderated } from './event-messages.ts';
import type { RoundDriver } from './round-driver.ts';
import type { ClientConnection, Seat } from './seat.ts';
import type { Seats } from './seats.ts';
import type { ClientRow, FederationStore } from './store.ts';

/** Who asks to come in (HS1, HS2), before and after the key is proven. */
export interface Applicant {
  readonly publicKey: string;
  readonly agent: string;
  readonly invite: string | null;
  /** [HS3] Its program comes back by itself: nobody has decided that it should. */
  readonly isReturning: boolean;
}

export interface RosterParts {
  readonly space: AdapterSpace;
  readonly store: FederationStore;
  readonly clock: TimerClock;
  readonly maxClients: number;
  readonly driver: RoundDriver;
  readonly seats: Seats;
  readonly broadcast: Broadcast;
  /** Called whenever something that an operator sees has changed. */
  readonly onChange: () => void;
  readonly flushTraffic: () => Promise<void>;
  readonly isClosed: () => boolean;
  /** @throws ProtocolError `shutting-down` */
  readonly assertOpen: () => void;
}

/** Who comes to a federation and goes, and who may. */
export class Roster {
  private readonly parts: RosterParts;
  private readonly federation: string;
  private readonly driver: RoundDriver;
  private readonly seats: Seats;
  private readonly broadcast: Broadcast;

  constructor(parts: RosterParts) {
    this.parts = parts;
    this.federation = parts.space.federation;
    this.driver = parts.driver;
    this.seats = parts.seats;
    this.broadcast = parts.broadcast;
  }

  /** [HS2] Whether this key may come in; a key that is known needs no invite. @throws ProtocolError */
  async mayEnter({ publicKey, invite, isReturning }: Applicant): Promise<void> {
    const { store, maxClients } = this.parts;
    const known = await store.client(this.federation, await clientIdOf(publicKey));
    if (known?.bannedAt) {
      const why = known.banReason ? ` Its operator says: ${known.banReason}` : '';
      throw new ProtocolError('client-banned', `This client may not take part in the federation any more.${why}`);
    }
    if (known && !known.removedAt) return;
    if (known && isReturning) {
      throw new ProtocolError('client-removed', 'The operator removed this client from the federation.');
    }
    if (isEnded(this.driver.state))
      throw new ProtocolError('federation-ended', `The federation is ${this.driver.state.state}.`);
    if (this.parts.space.config.access === 'invite') {
      if (!invite) throw new ProtocolError('invite-required', 'This federation is joined by its invite link only.');
      if (!(await store.hasInvite(this.federation, invite, this.now()))) {
        throw inviteInvalid();
      }
    }
    if ((await store.countClients(this.federation)) >= maxClients) {
      throw new ProtocolError('federation-full', `The federation has its ${maxClients} clients already.`);
    }
  }

  /** [HS2] [HS3] The key is proven: the client has its seat, and whoever had it before is told that it is replaced. */
  enter(applicant: Applicant, connection: ClientConnection): Promise<Welcome> {
    return this.driver.queue.run(async () => {
      this.parts.assertOpen();
      await this.mayEnter(applicant);
      const { store } = this.parts;
      const client = await clientIdOf(applicant.publicKey);
      const known = await store.client(this.federation, client);
      const row = known && !known.removedAt ? known : await this.admit(client, applicant, known);
      const lastSubmission = await store.lastSubmission(this.federation, client);
      const replaced = this.seats.get(client);
      if (replaced) {
        await this.vacate(replaced);
        replaced.connection.replace();
      }
      this.seats.take({ client, name: row.name, connection, ready: null, density: row.density, progress: null });
      this.parts.onChange();
      return { client, federation: descriptorOf(this.parts.space), standing: { mask: row.maskHash, lastSubmission } };
    });
  }

  /** [PF2] The client's model is loaded and its text is there. @returns ρ_i */
  ready(client: string, connection: ClientConnection, ready: Ready): Promise<number> {
    return this.driver.queue.run(async () => {
      const seat = this.assertSeated(client, connection);
      const density = densityOf(this.parts.space.config, {
        maxDensity: ready.maxDensity,
        tokensPerSecond: ready.device.tokensPerSecond,
      });
      const { name, device, examples, shareEvaluation, consent } = ready;
      const change = { name, device, examples, shareEvaluation, density, lastSeen: this.now() };
      // Said again after every reconnect, and by a restarted client: the log has it once.
      if (consent && !isSame(consent, (await clientRow(this.parts.store, this.federation, client)).consent)) {
        const told = { at: this.now(), ...consented({ client, name, shareEvaluation }, consent) };
        await this.parts.store.transaction(async (tx) => {
          await tx.updateClient(this.federation, client, { ...change, consent });
          await tx.appendEvents(this.federation, [told]);
        });
      } else await this.parts.store.updateClient(this.federation, client, change);
      this.seats.take({ ...seat, name: ready.name, ready, density });
      return density;
    });
  }

  /** [RD4] From now on the client is counted, and offered what is under way. Follows `ready` once that is answered. */
  takePart(client: string, connection: ClientConnection): Promise<void> {
    return this.driver.queue.run(async () => {
      const seat = this.seats.get(client);
      if (seat?.connection !== connection || !seat.ready || this.parts.isClosed()) return;
      const before = this.broadcast.lastTold;
      await this.driver.dispatch({ type: 'client-ready', client });
      if (this.broadcast.lastTold === before) connection.send('status', this.broadcast.status);
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
    this.seats.take({ ...seat, progress: shared });
    this.parts.onChange();
  }

  /** [PF9] Once the federation has ended, of who shares it; the last one counts. */
  conclude(client: string, connection: ClientConnection, conclusion: Conclude): Promise<void> {
    return this.driver.queue.run(async () => {
      const seat = this.seats.get(client);
      if (seat?.connection !== connection || !seat.ready?.shareEvaluation || !isEnded(this.driver.state)) return;
      await this.parts.store.updateClient(this.federation, client, { conclusion });
      this.parts.onChange();
    });
  }

  /**
   * Sends a client away: `remove` lets it come back as a new client would, `ban` keeps its key out of this federation.
   * What was accepted of it stays in the round in progress, unless that is repeated.
   * @returns whether the federation knows such a client
   */
  moderate(client: string, action: ClientAction, reason: string | null): Promise<boolean> {
    return this.driver.queue.run(async () => {
      this.parts.assertOpen();
      const { store } = this.parts;
      if (!(await store.client(this.federation, client))) return false;
      const at = this.now();
      const told = { at, ...moderated({ client, name: this.seats.nameOf(client) }, action, reason) };
      await store.transaction(async (tx) => {
        await tx.updateClient(
          this.federation,
          client,
          {
            remove: { removedAt: at },
            ban: { bannedAt: at, banReason: reason },
            unban: { bannedAt: null, banReason: null },
          }[action],
        );
        await tx.appendEvents(this.federation, [told]);
      });
      const seat = action === 'unban' ? null : this.seats.get(client);
      if (seat) {
        // Deaf from here on, even where the store fails at taking leave of it.
        if (action === 'remove') seat.connection.remove();
        else seat.connection.close();
        await this.vacate(seat);
      }
      this.parts.onChange();
      return true;
    });
  }

  // Small things

  /** @param removed its row, where it comes back after an operator had removed it */
  private async admit(
    client: string,
    { publicKey, agent, invite }: Applicant,
    removed: ClientRow | null,
  ): Promise<ClientRow> {
    const at = this.now();
    const row = removed
      ? { ...removed, agent, removedAt: null }
      : newClientRow(
          { federation: this.federation, id: client, publicKey, agent, density: densityOf(this.parts.space.config) },
          at,
        );
    await this.parts.store.transaction(async (tx) => {
      // Its last use may have gone to somebody else since it was asked for at the hello.
      if (
        this.parts.space.config.access === 'invite' &&
        !(invite && (await tx.useInvite(this.federation, invite, at)))
      ) {
        throw inviteInvalid();
      }
      if (removed) await tx.updateClient(this.federation, client, { agent, removedAt: null });
      else await tx.addClient(row);
      const text = `${row.name} has joined with ${agent || 'an unnamed program'}.`;
      await tx.appendEvents(this.federation, [{ at, kind: 'client-joined', text, data: { client } }]);
    });
    return row;
  }

  private async vacate({ client }: Seat): Promise<void> {
    this.seats.free(client);
    if (this.parts.isClosed()) return;
    await this.parts.flushTraffic();
    await this.parts.store.updateClient(this.federation, client, { lastSeen: this.now() });
    if (presentIn(this.driver.state).includes(client)) await this.driver.dispatch({ type: 'client-left', client });
    this.parts.onChange();
  }

  private assertSeated(client: string, connection: ClientConnection): Seat {
    this.parts.assertOpen();
    const seat = this.seats.get(client);
    if (seat?.connection !== connection) throw new ProtocolError('not-joined', 'This connection has not joined.');
    return seat;
  }

  private now(): Date {
    return new Date(this.parts.clock.now());
  }
}

/** [HS3] */
export function descriptorOf({ federation, config, layout, layoutHash }: AdapterSpace): FederationDescriptor {
  return {
    id: federation,
    config,
    modelPath: `/models/${config.model}/`,
    layout: { hash: layoutHash, size: layout.size },
  };
}

function inviteInvalid(): ProtocolError {
  return new ProtocolError('invite-invalid', 'This invite is not one of this federation, or not valid any more.');
}

function isSame(one: Consent, other: Consent | null): boolean {
  return one.version === other?.version && one.at === other.at;
}
