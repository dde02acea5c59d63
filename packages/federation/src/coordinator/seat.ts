import type { AnnouncementName, AnnouncementOf, Progress, Ready } from '@perfit/protocol';

/** One live connection of a client, as a federation sees it. */
export interface ClientConnection {
  send<K extends AnnouncementName>(name: K, message: AnnouncementOf<K>): void;
  /** [HS3] The key came back elsewhere. */
  replace(): void;
  /** [HS3] An operator sent the client away. */
  remove(): void;
  close(): void;
}

/** A client that is connected to its federation. */
export interface Seat {
  readonly client: string;
  readonly name: string;
  readonly connection: ClientConnection;
  /** What it said when it was ready; null before. */
  readonly ready: Ready | null;
  /** [PF2] ρ_i. */
  readonly density: number;
  readonly progress: Progress | null;
}
