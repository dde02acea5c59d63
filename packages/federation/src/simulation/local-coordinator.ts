import { type FederationConfig, type FederationStatus, ProtocolError } from '@perfit/protocol';
import { type Layout, layoutHash } from '@perfit/protocol/space';
import { Adapters } from '../coordinator/adapters.ts';
import { ClientSession } from '../coordinator/client-session.ts';
import { FederationRoom } from '../coordinator/federation-room.ts';
import { MemoryBlobs } from '../coordinator/memory-blobs.ts';
import { MemorySpool } from '../coordinator/memory-spool.ts';
import { MemoryStore } from '../coordinator/memory-store.ts';
import { type Logger, silentMeter } from '../coordinator/ports.ts';
import { UploadSlots } from '../coordinator/upload-service.ts';
import { newFederation, type RoundState } from '../round/round-state.ts';
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
  private failure: unknown = null;

  private constructor({ config, layout, clock }: LocalCoordinatorParts, hash: string, store: MemoryStore) {
    this.clock = clock;
    this.slots = new UploadSlots(Number.POSITIVE_INFINITY, clock);
    this.room = new FederationRoom({
      space: { federation: SIMULATED_FEDERATION, config, layout, layoutHash: hash },
      state: newFederation,
      createdAt: new Date(clock.now()),
      store,
      adapters: new Adapters(new MemoryBlobs(), store),
      spool: new MemorySpool(),
      clock,
      logger: loggerOf((error) => {
        this.failure ??= error;
      }),
      meter: silentMeter,
      maxClients: Number.POSITIVE_INFINITY,
      onChange: () => {},
    });
  }

  static async open(parts: LocalCoordinatorParts): Promise<LocalCoordinator> {
    const { layout, clock } = parts;
    // Nobody is invited here, and nobody else can come.
    const config: FederationConfig = { ...parts.config, access: 'open' };
    const hash = await layoutHash(layout);
    const store = new MemoryStore();
    await store.addFederation({
      id: SIMULATED_FEDERATION,
      config,
      layoutHash: hash,
      layoutSize: layout.size,
      state: newFederation,
      createdAt: new Date(clock.now()),
    });
    return new LocalCoordinator({ ...parts, config }, hash, store);
  }

  get status(): FederationStatus {
    return this.room.status;
  }

  /** θ_g as it was committed last. @returns [N], not to be written to */
  theta(): Promise<Float32Array> {
    return this.room.theta();
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
          logger: silent,
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
    if (this.failure) throw this.failure;
  }

  passTo(instant: number): void {
    this.clock.advanceTo(instant);
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
