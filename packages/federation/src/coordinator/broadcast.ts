import type { FederationStatus, RoundClosed } from '@perfit/protocol';
import type { RoundState } from '../round/round-state.ts';
import { statusOf } from '../round/status.ts';
import { isSearchDue } from '../strategy/registry.ts';
import type { AdapterSpace } from './adapters.ts';
import type { TimerClock } from './clock.ts';
import type { Seats } from './seats.ts';
import type { FederationStore } from './store.ts';

/** Progress and head counts are told at most so often; what moves a round is told at once. */
const STATUS_PAUSE_MS = 250;

export interface BroadcastParts {
  readonly space: AdapterSpace;
  readonly store: FederationStore;
  readonly clock: TimerClock;
  readonly seats: Seats;
  readonly state: () => RoundState;
}

/** Tells the clients of one federation what concerns them. */
export class Broadcast {
  private readonly parts: BroadcastParts;
  private cancelStatus: (() => void) | null = null;
  private told: FederationStatus | null = null;
  private isClosed = false;

  constructor(parts: BroadcastParts) {
    this.parts = parts;
  }

  get status(): FederationStatus {
    return statusOf(this.parts.state(), this.parts.space.config.schedule);
  }

  /** What was told last. */
  get lastTold(): FederationStatus | null {
    return this.told;
  }

  /** [PF3] [RD2] */
  async offer(client: string): Promise<void> {
    const { seats, store, clock, space } = this.parts;
    const seat = seats.get(client);
    const state = this.parts.state();
    if (!seat || state.state !== 'training') return;
    const round = state.version + 1;
    const isDue = isSearchDue(space.config, round);
    const row = isDue ? await store.client(space.federation, client) : null;
    seat.connection.send('offer', {
      round,
      attempt: state.attempt,
      version: state.version,
      remainingMs: Math.max(0, state.deadline - clock.now()),
      density: seat.density,
      searchAnew: isDue && row?.maskRound !== round,
    });
  }

  closed(closed: RoundClosed): void {
    this.announce('closed', closed);
  }

  /** The state has moved, or may have: the status is told where it is another one. */
  moved(): void {
    const { told, status } = this;
    if (this.isClosed || (told && isSame(told, status))) return;
    const onlyHeads = told && isSame({ ...told, ready: 0 }, { ...status, ready: 0 });
    if (onlyHeads) this.cancelStatus ??= this.parts.clock.after(STATUS_PAUSE_MS, () => this.tellStatus());
    else this.tellStatus();
  }

  close(): void {
    this.isClosed = true;
    this.cancelStatus?.();
  }

  private tellStatus(): void {
    this.cancelStatus?.();
    this.cancelStatus = null;
    this.told = this.status;
    this.announce('status', this.told);
  }

  private announce(...[name, message]: ['closed', RoundClosed] | ['status', FederationStatus]): void {
    for (const { connection, ready } of this.parts.seats.all()) {
      if (ready) connection.send(name, message);
    }
  }
}

/** Both are made by `statusOf`, whose fields are in one order. */
function isSame(one: FederationStatus, other: FederationStatus): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
