import {
  type AnnouncementName,
  announcements,
  type ErrorBody,
  errorBodySchema,
  ProtocolError,
  parseMessage,
  type RequestName,
  type RequestOf,
  requests,
  type ValueOf,
} from '@perfit/protocol';
import { ConnectionLost } from './connection-lost.ts';
import type { Connection, ConnectionEvent } from './ports.ts';

/** What is used of a socket.io-client `Socket`, which fits it as it is. */
export interface SocketLike {
  readonly connected: boolean;
  connect(): unknown;
  disconnect(): unknown;
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  off(event: string, listener: (...values: unknown[]) => void): unknown;
  emit(event: string, ...values: unknown[]): unknown;
  timeout(milliseconds: number): { emit(event: string, ...values: unknown[]): unknown };
}

/** One message as it crossed the wire, for the ledger. An answer has the kind of its request. */
export interface LedgerEntry {
  readonly direction: 'up' | 'down';
  readonly kind: string;
  /** [LG1] What the message is, byte by byte: its JSON, then its binaries. A copy: nobody changes it later. */
  readonly content: Uint8Array<ArrayBuffer>;
  /** How many bytes of the content are JSON. */
  readonly jsonLength: number;
  readonly message: unknown;
  /** The same for a request and its answer, and for nothing else of this connection; null where none is due. */
  readonly exchange: number | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface SocketConnectionOptions {
  readonly now?: () => number;
  /** A server that is silent for so long is taken for lost. */
  readonly answerTimeoutMs?: number;
}

/**
 * A Connection over Socket.IO. Everything that comes in is parsed here. A request is never buffered for a later
 * connection: there the handshake comes first.
 */
export function socketConnection(
  socket: SocketLike,
  observe: ((entry: LedgerEntry) => void) | null = null,
  options: SocketConnectionOptions = {},
): Connection {
  return new SocketConnection(socket, observe, options);
}

class SocketConnection implements Connection {
  private readonly socket: SocketLike;
  private readonly observe: ((entry: LedgerEntry) => void) | null;
  private readonly now: () => number;
  private readonly answerTimeoutMs: number;
  private readonly listeners = new Set<(event: ConnectionEvent) => void>();
  private readonly unanswered = new Set<(error: ConnectionLost) => void>();
  private readonly handlers: Record<string, (...values: unknown[]) => void>;
  private exchanges = 0;

  constructor(socket: SocketLike, observe: ((entry: LedgerEntry) => void) | null, options: SocketConnectionOptions) {
    this.socket = socket;
    this.observe = observe;
    this.now = options.now ?? Date.now;
    this.answerTimeoutMs = options.answerTimeoutMs ?? 60_000;
    this.handlers = {
      connect: () => this.tell({ type: 'connected' }),
      // Our own disconnecting has told its reason already.
      disconnect: (reason: unknown) => reason !== 'io client disconnect' && this.onLost(String(reason)),
      connect_error: (error: unknown) => this.onLost(error instanceof Error ? error.message : String(error)),
    };
    for (const name of Object.keys(announcements) as AnnouncementName[]) {
      this.handlers[name] = (message: unknown) => this.onAnnouncement(name, message);
    }
    for (const [event, handler] of Object.entries(this.handlers)) socket.on(event, handler);
  }

  connect(): void {
    if (!this.socket.connected) this.socket.connect();
  }

  request<K extends RequestName>(name: K, message: RequestOf<K>, signal?: AbortSignal): Promise<ValueOf<K>> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (!this.socket.connected) return reject(new ConnectionLost(`"${name}" was not sent: there is no connection`));
      const settle = () => {
        this.unanswered.delete(fail);
        signal?.removeEventListener('abort', onAbort);
      };
      const fail = (error: ConnectionLost) => {
        settle();
        reject(error);
      };
      const onAbort = () => {
        settle();
        reject(signal?.reason);
      };
      this.unanswered.add(fail);
      signal?.addEventListener('abort', onAbort);
      const exchange = ++this.exchanges;
      this.record('up', name, message, exchange);
      this.socket.timeout(this.answerTimeoutMs).emit(name, message, (silence: unknown, reply: unknown) => {
        if (!this.unanswered.has(fail)) return;
        if (silence) return this.giveUp(`the server did not answer "${name}"`);
        settle();
        this.record('down', name, reply, exchange);
        try {
          resolve(readReply(name, reply));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  notify(name: 'progress', message: unknown): void {
    if (!this.socket.connected) return;
    this.record('up', name, message, null);
    this.socket.emit(name, message);
  }

  on(listener: (event: ConnectionEvent) => void): () => void {
    this.listeners.add(listener);
    if (this.socket.connected) queueMicrotask(() => this.listeners.has(listener) && listener({ type: 'connected' }));
    return () => this.listeners.delete(listener);
  }

  close(): void {
    for (const [event, handler] of Object.entries(this.handlers)) this.socket.off(event, handler);
    this.failUnanswered(new ConnectionLost('the connection was closed'));
    this.listeners.clear();
    this.socket.disconnect();
  }

  /** The socket may still be open, but who is silent is lost: whoever listens connects anew. */
  private giveUp(reason: string): void {
    this.onLost(reason);
    this.socket.disconnect();
  }

  private onLost(reason: string): void {
    this.tell({ type: 'lost', reason });
    this.failUnanswered(new ConnectionLost(reason));
  }

  private onAnnouncement(name: AnnouncementName, message: unknown): void {
    this.record('down', name, message, null);
    // `replaced` may come without a body.
    const parsed = announcements[name].safeParse(message ?? {});
    // What cannot be read cannot be obeyed; the ledger shows it. A server of another version was refused by HS1.
    if (parsed.success) this.tell({ type: name, message: parsed.data } as ConnectionEvent);
  }

  private tell(event: ConnectionEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }

  private failUnanswered(error: ConnectionLost): void {
    for (const fail of [...this.unanswered]) fail(error);
  }

  private record(direction: 'up' | 'down', kind: string, message: unknown, exchange: number | null): void {
    this.observe?.({ direction, kind, ...contentOf(message), message, exchange, at: this.now() });
  }
}

/** @throws ProtocolError as the server answered, or `bad-message` where the answer itself is malformed */
function readReply<K extends RequestName>(name: K, reply: unknown): ValueOf<K> {
  if (isRecord(reply) && reply.ok === true) return parseMessage(requests[name].value, reply.value, name) as ValueOf<K>;
  if (isRecord(reply) && reply.ok === false) {
    const body: ErrorBody = parseMessage(errorBodySchema, reply.error, `${name} (refusal)`);
    throw ProtocolError.from(body);
  }
  throw new ProtocolError('bad-message', `The answer to "${name}" is neither a value nor an error.`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * [LG1] The message as JSON in UTF-8, without its binaries, and these behind it in the order in which they stand in it.
 * Socket.IO sends the same JSON with a placeholder for each binary, in a packet with the message's name, and each binary
 * in a frame of its own.
 */
function contentOf(message: unknown): Pick<LedgerEntry, 'content' | 'jsonLength'> {
  const binaries: Uint8Array[] = [];
  // Not an arrow: `this` has the value before Buffer's toJSON made an array of it.
  const rest = JSON.stringify(message, function (this: Record<string, unknown>, key: string, shown: unknown) {
    const value = this[key];
    if (value instanceof ArrayBuffer) binaries.push(new Uint8Array(value));
    else if (ArrayBuffer.isView(value)) binaries.push(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    else return shown;
    return undefined;
  });
  const json = new TextEncoder().encode(rest ?? '');
  const content = new Uint8Array(binaries.reduce((length, { byteLength }) => length + byteLength, json.length));
  content.set(json);
  let at = json.length;
  for (const binary of binaries) {
    content.set(binary, at);
    at += binary.length;
  }
  return { content, jsonLength: json.length };
}
