import {
  type AnnouncementName,
  type AnnouncementOf,
  announcements,
  parseMessage,
  type RequestName,
  type RequestOf,
  requests,
  type ValueOf,
} from '@perfit/protocol';
import { ConnectionLost } from '../client/connection-lost.ts';
import type { Connection, ConnectionEvent } from '../client/ports.ts';

/** Who answers. */
export type Answer = <K extends RequestName>(
  name: K,
  message: RequestOf<K>,
  from: InMemoryConnection,
) => Promise<ValueOf<K>>;

/** One client's way to a coordinator of the same process: every message goes through its schema, none over a wire. */
export class InMemoryConnection implements Connection {
  private readonly answer: Answer;
  private readonly listeners = new Set<(event: ConnectionEvent) => void>();
  private state: 'down' | 'up' | 'closed' = 'down';
  /** Nobody answers until {@link InMemoryConnection.heal}. */
  private isBroken = false;
  private wantsUp = false;

  constructor(answer: Answer) {
    this.answer = answer;
  }

  connect(): void {
    if (this.state !== 'down') return;
    this.wantsUp = true;
    if (this.isBroken) return;
    this.state = 'up';
    queueMicrotask(() => this.tell({ type: 'connected' }));
  }

  async request<K extends RequestName>(name: K, message: RequestOf<K>, signal?: AbortSignal): Promise<ValueOf<K>> {
    signal?.throwIfAborted();
    if (this.state !== 'up') throw new ConnectionLost('not connected');
    const asked = parseMessage(requests[name].request, message, name) as RequestOf<K>;
    const answer = await this.answer(name, asked, this);
    signal?.throwIfAborted();
    return parseMessage(requests[name].value, answer, name) as ValueOf<K>;
  }

  /** Nobody watches. */
  notify(): void {}

  on(listener: (event: ConnectionEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.state = 'closed';
  }

  announce<K extends AnnouncementName>(name: K, message: AnnouncementOf<K>): void {
    if (this.state !== 'up') return;
    const parsed = parseMessage(announcements[name], message, name);
    this.tell({ type: name, message: parsed } as ConnectionEvent);
  }

  /** The connection is lost, and stays so until it is healed. */
  break(reason: string): void {
    this.state = 'down';
    this.isBroken = true;
    this.wantsUp = false;
    this.tell({ type: 'lost', reason });
  }

  heal(): void {
    this.isBroken = false;
    if (this.wantsUp) this.connect();
  }

  private tell(event: ConnectionEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }
}
