import type { FederationConfig } from '@perfit/protocol';
import { type Layout, layoutHash } from '@perfit/protocol/space';
import { newFederation } from '../round/round-state.ts';
import { Adapters } from './adapters.ts';
import type { TimerClock } from './clock.ts';
import { FederationRoom } from './federation-room.ts';
import { MemoryBlobs } from './memory-blobs.ts';
import { MemorySpool } from './memory-spool.ts';
import { MemoryStore } from './memory-store.ts';
import { type Logger, silentMeter } from './ports.ts';

export interface MemoryRoomParts {
  readonly federation: string;
  readonly config: FederationConfig;
  readonly layout: Layout;
  readonly clock: TimerClock;
  readonly logger: Logger;
}

/** A new federation's room on memory instead of disk, that takes however many clients come. */
export async function openMemoryRoom(parts: MemoryRoomParts): Promise<{ room: FederationRoom; store: MemoryStore }> {
  const { federation, config, layout, clock, logger } = parts;
  const hash = await layoutHash(layout);
  const createdAt = new Date(clock.now());
  const store = new MemoryStore();
  await store.addFederation({
    id: federation,
    config,
    layoutHash: hash,
    layoutSize: layout.size,
    state: newFederation,
    createdAt,
  });
  const room = new FederationRoom({
    space: { federation, config, layout, layoutHash: hash },
    state: newFederation,
    createdAt,
    store,
    adapters: new Adapters(new MemoryBlobs(), store),
    spool: new MemorySpool(),
    clock,
    logger,
    meter: silentMeter,
    maxClients: Number.POSITIVE_INFINITY,
    onChange: () => {},
  });
  return { room, store };
}
