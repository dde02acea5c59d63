import {
  type AnnouncementName,
  type AnnouncementOf,
  announcements,
  ProtocolError,
  parseMessage,
  type RequestName,
  type RequestOf,
  requests,
  type ValueOf,
} from '@perfit/protocol';
import { ConnectionLost } from '../client/connection-lost.ts';
import type { Connection, ConnectionEvent } from '../client/ports.ts';
import type { ClientSession, Line } from '../coordinator/client-session.ts';

/** What is used of a coordinator's session. */
type Session = Pick<ClientSession, 'handle' | 'end'>;

/** One client's way to a coordinator of the same process: every message goes through its schema, none over a wire. */
export class LocalConnection implements Connection {
  private readonly sessionOf: (line: Line) => Session;
  private readonly listeners = new Set<(event: ConnectionEvent) => void>();
  private session: Session | null = null;
  private isClosed = false;

  /** @param sessionOf a new one for each time that it connects */
  constructor(sessionOf: (line: Line) => Session) {
    this.sessionOf = sessionOf;
  }

  connect(): void {
    if (this.session || this.isClosed) return;
    const session: Session = this.sessionOf({
      send: (name, message) => {
        if (this.session === session) this.hear(name as AnnouncementName, message as never);
      },
      close: () => {
        if (this.session === session) this.session = null;
      },
    });
    this.session = session;
    queueMicrotask(() => this.tell({ type: 'connected' }));
  }

  async request<K extends RequestName>(name: K, message: RequestOf<K>, signal?: AbortSignal): Promise<ValueOf<K>> {
    signal?.throwIfAborted();
    const { session } = this;
    if (!session) throw new ConnectionLost('not connected');
    const { reply, afterwards } = await session.handle(name, message);
    // The client hears the answer before anything that follows from it.
    if (afterwards) queueMicrotask(() => void afterwards());
    if (!reply.ok) throw ProtocolError.from(reply.error);
    signal?.throwIfAborted();
    return parseMessage(requests[name].value, reply.value, name) as ValueOf<K>;
  }

  /** Nobody watches. */
  notify(): void {}

  on(listener: (event: ConnectionEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.isClosed = true;
    void this.hangUp();
  }

  /** The line is gone, and the coordinator knows it. */
  async hangUp(): Promise<void> {
    const { session } = this;
    this.session = null;
    await session?.end();
  }

  private hear<K extends AnnouncementName>(name: K, message: AnnouncementOf<K>): void {
    const parsed = parseMessage(announcements[name], message, name);
    this.tell({ type: name, message: parsed } as ConnectionEvent);
  }

  private tell(event: ConnectionEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }
}
