/** A coordinator's core: rooms, rounds, uploads and sessions, behind ports. Adapters for disk and database are their host's. */
export { Adapters } from './adapters.ts';
export { ClientSession, type Line } from './client-session.ts';
export type { TimerClock } from './clock.ts';
export { FederationRoom } from './federation-room.ts';
export { LeastRecentlyUsed } from './least-recently-used.ts';
export { type Fate, MemoryStore } from './memory-store.ts';
export { type Blobs, type RoundMeter, type Spool, silentMeter, type UploadFile } from './ports.ts';
export { SerialQueue } from './serial-queue.ts';
export type {
  ClientRow,
  EventPage,
  EventRow,
  FederationRow,
  FederationStore,
  InviteRow,
  NewEvent,
  RoundRow,
  SubmissionRow,
  VersionBlobs,
} from './store.ts';
export { thetaToBytes } from './theta-bytes.ts';
export { UploadService, UploadSlots } from './upload-service.ts';
