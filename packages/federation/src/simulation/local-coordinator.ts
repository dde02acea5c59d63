import type { FederationConfig, FederationStatus } from '@perfit/protocol';
import type { Layout } from '@perfit/protocol/space';
import { ClientSession } from '../coordinator/client-session.ts';
import { FaultLog } from '../coordinator/fault-log.ts';
import type { FederationRoom } from '../coordinator/federation-room.ts';
import { openMemoryRoom } from '../coordinator/memory-room.ts';
import { UploadSlots } from '../coordinator/upload-service.ts';
import type { RoundState } from '../round/round-state.ts';
import { LocalConnection } from './local-connection.ts';
import type { Line } from './turn-connection.ts';
import type { TurnHost } from './turn-taker.ts';
import type { VirtualClock } from './virtual-clock.ts';

export const SIMULATED_FEDERATION = 'simulated';

export interface LocalCoordinatorParts {
  readonly config: FederationConfig;
  readonly layout: Layout;
  readonly clock: VirtualClock;
}

/**
 * The coordinator's own core on memory instead of disk, without network and people. Signatures are not verified: whoever
 * could pretend to be somebody else is in this process already.
 */
export class LocalCoordinator implements TurnHost {
  private readonly clock: VirtualClock;
  private readonly room: FederationRoom;
  private readonly slots: UploadSlots;
  /** What went wrong in the coordinator itself: it would try again, where nothing can have changed. */
  private readonly faults: FaultLog;

  private constructor(room: FederationRoom, clock: VirtualClock, faults: FaultLog) {
    this.room = room;
    this.clock = clock;
    this.faults = faults;
    this.slots = new UploadSlots(Number.POSITIVE_INFINITY, clock);
  }

  static async open({ config, layout, clock }: LocalCoordinatorParts): Promise<LocalCoordinator> {
    const faults = new FaultLog();
    const { room } = await openMemoryRoom({
      federation: SIMULATED_FEDERATION,
      // Nobody is invited here, and nobody else can come.
      config: { ...config, access: 'open' },
      layout,
      clock,
      logger: faults,
    });
    return new LocalCoordinator(room, clock, faults);
  }

  get status(): FederationStatus {
    return this.room.status;
  }

  /** θ_g as it was committed. @returns [N], not to be written to */
  theta(version: number): Promise<Float32Array> {
    return this.room.theta(version);
  }

  async start(): Promise<void> {
    await this.room.act('start');
  }

  async close(): Promise<void> {
    await this.room.close();
  }

  line(): Line {
    const connection = new LocalConnection(
      (line) =>
        new ClientSession({
          line,
          federations: { find: (id) => (id === SIMULATED_FEDERATION ? this.room : null) },
          slots: this.slots,
          // What a session has to say, its client is told.
          logger: new FaultLog(),
          verify: async () => true,
        }),
    );
    return { connection, break: () => connection.hangUp() };
  }

  // For whoever gives turns

  state(): RoundState {
    return this.room.state;
  }

  async settled(): Promise<void> {
    // Whoever has just been answered is counted in the next turn of the queue.
    await Promise.resolve();
    await this.room.withRoundsQuiesced(async () => {});
    this.faults.assertNone();
  }

  passTo(instant: number): void {
    this.clock.advanceTo(instant);
  }
}
