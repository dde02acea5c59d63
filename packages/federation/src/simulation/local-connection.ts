import {
  type AnnouncementName,
  type AnnouncementOf,
  announcements,
  ProtocolError,
  parseMessage,
  type Ready,
  type RequestName,
  type RequestOf,
  type RoundOffer,
  requests,
  type ValueOf,
} from '@perfit/protocol';
import { ConnectionLost } from '../client/connection-lost.ts';
import type { Connection, ConnectionEvent } from '../client/ports.ts';
import type { ClientSession, Line } from '../coordinator/client-session.ts';

export interface LocalConnectionParts {
  /** A new one for each time that it connects. */
  readonly session: (line: Line) => ClientSession;
  /** Before a request goes out. */
  readonly before: <K extends RequestName>(name: K, message: RequestOf<K>) => Promise<void>;
  /** The client is counted. */
  readonly onReady: (ready: Ready) => void;
  /** Its delta is accepted, or was before. */
  readonly onSubmitted: () => void;
  /** Contents of masks, deltas and slices, as they pass. */
  readonly onBytes: (round: number, direction: 'up' | 'down', bytes: number) => void;
}

/**
 * One client's way to a coordinator of the same process: every message goes through its schema, none over a wire. Offers
 * are held back until it is the client's turn.
 */
export class LocalConnection implements Connection {
  private readonly parts: LocalConnectionParts;
  private readonly listeners = new Set<(event: ConnectionEvent) => void>();
  private session: ClientSession | null = null;
  private held: RoundOffer | null = null;
  private uploadRound = 0;
  private isClosed = false;
  /** No connection comes about until {@link LocalConnection.heal}. */
  private isBroken = false;
  private wantsUp = false;

  constructor(parts: LocalConnectionParts) {
    this.parts = parts;
  }

  // To the client

  connect(): void {
    if (this.session || this.isClosed) return;
    this.wantsUp = true;
    if (this.isBroken) return;
    const session: ClientSession = this.parts.session({
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
    await this.parts.before(name, message);
    const { reply, afterwards } = await session.handle(name, message);
    if (!reply.ok) throw ProtocolError.from(reply.error);
    const value = parseMessage(requests[name].value, reply.value, name) as ValueOf<K>;
    this.note(name, message, value);
    // The client hears the answer before anything that follows from it.
    if (afterwards) {
      queueMicrotask(async () => {
        await afterwards();
        if (name === 'ready') this.parts.onReady(message as RequestOf<'ready'>);
      });
    }
    signal?.throwIfAborted();
    return value;
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

  // To whoever gives turns

  get isOffered(): boolean {
    return this.held !== null;
  }

  passOffer(): void {
    const { held } = this;
    this.held = null;
    if (held) this.tell({ type: 'offer', message: held });
  }

  dropOffer(): void {
    this.held = null;
  }

  /** The connection is lost, and stays so until it is healed. */
  async break(reason: string): Promise<void> {
    this.isBroken = true;
    this.wantsUp = false;
    const gone = this.hangUp();
    this.tell({ type: 'lost', reason });
    await gone;
  }

  heal(): void {
    this.isBroken = false;
    if (this.wantsUp) this.connect();
  }

  private async hangUp(): Promise<void> {
    const { session } = this;
    this.session = null;
    this.held = null;
    await session?.end();
  }

  private hear<K extends AnnouncementName>(name: K, message: AnnouncementOf<K>): void {
    const parsed = parseMessage(announcements[name], message, name);
    if (name === 'offer') this.held = parsed as RoundOffer;
    else this.tell({ type: name, message: parsed } as ConnectionEvent);
  }

  private note<K extends RequestName>(name: K, message: RequestOf<K>, value: ValueOf<K>): void {
    const { onBytes, onSubmitted } = this.parts;
    if (name === 'announce') {
      const { kind, round } = message as RequestOf<'announce'>;
      this.uploadRound = round;
      if (kind === 'delta' && (value as ValueOf<'announce'>).state === 'done') onSubmitted();
    } else if (name === 'chunk') {
      onBytes(this.uploadRound, 'up', (message as RequestOf<'chunk'>).data.length);
    } else if (name === 'complete') {
      if ((value as ValueOf<'complete'>).kind === 'delta') onSubmitted();
    } else if (name === 'download') {
      // What is received in a round is the version before it.
      onBytes((message as RequestOf<'download'>).version + 1, 'down', (value as ValueOf<'download'>).data.length);
    }
  }

  private tell(event: ConnectionEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }
}
