import type { Progress, RequestName, RequestOf, RoundOffer, ValueOf } from '@perfit/protocol';
import type { Connection, ConnectionEvent } from '../client/ports.ts';

/** A client's way to the coordinator, and what breaks it as a network does. */
export interface Line {
  readonly connection: Connection;
  readonly break: () => void | Promise<void>;
}

export interface TurnConnectionParts {
  /** Before a delta is announced. */
  readonly beforeDelta: (announce: RequestOf<'announce'>) => Promise<void>;
  /** The client is counted. */
  readonly onReady: () => void;
  /** An offer is held back. */
  readonly onOffer: () => void;
  /** Its delta is accepted, or was before. */
  readonly onSubmitted: () => void;
  /** Contents of masks, deltas and slices, as they pass. */
  readonly onBytes: (round: number, direction: 'up' | 'down', bytes: number) => void;
}

interface Attempt {
  readonly round: number;
  readonly attempt: number;
}

/** A client's connection, in which offers are held back until it is its turn, and which can be broken and healed. */
export class TurnConnection implements Connection {
  private readonly line: Line;
  private readonly parts: TurnConnectionParts;
  private readonly listeners = new Set<(event: ConnectionEvent) => void>();
  private held: RoundOffer | null = null;
  private heard: Attempt | null = null;
  private id: string | null = null;
  private uploadRound = 0;
  private isBroken = false;
  private wantsUp = false;

  constructor(line: Line, parts: TurnConnectionParts) {
    this.line = line;
    this.parts = parts;
    line.connection.on((event) => this.hear(event));
  }

  /** What the coordinator calls it; null before it has said so. */
  get client(): string | null {
    return this.id;
  }

  // To the client

  connect(): void {
    this.wantsUp = true;
    if (!this.isBroken) this.line.connection.connect();
  }

  async request<K extends RequestName>(name: K, message: RequestOf<K>, signal?: AbortSignal): Promise<ValueOf<K>> {
    if (name === 'announce') {
      const announce = message as RequestOf<'announce'>;
      this.uploadRound = announce.round;
      if (announce.kind === 'delta') await this.parts.beforeDelta(announce);
    }
    const value = await this.line.connection.request(name, message, signal);
    this.note(name, message, value);
    return value;
  }

  notify(name: 'progress', message: Progress): void {
    this.line.connection.notify(name, message);
  }

  on(listener: (event: ConnectionEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.wantsUp = false;
    this.line.connection.close();
  }

  // To whoever gives turns

  /** Whether it has heard of this attempt, whatever became of the offer. */
  wasOffered(attempt: Attempt): boolean {
    return isOf(this.heard, attempt);
  }

  /** Whether an offer of this attempt waits for its turn. */
  holdsOffer(attempt: Attempt): boolean {
    return isOf(this.held, attempt);
  }

  passOffer(): void {
    const { held } = this;
    this.held = null;
    if (held) this.tell({ type: 'offer', message: held });
  }

  /** The connection is lost, and stays so until it is healed. */
  async break(reason: string): Promise<void> {
    this.isBroken = true;
    this.wantsUp = false;
    this.held = null;
    const broken = this.line.break();
    this.tell({ type: 'lost', reason });
    await broken;
  }

  heal(): void {
    this.isBroken = false;
    if (this.wantsUp) this.line.connection.connect();
  }

  private hear(event: ConnectionEvent): void {
    // Told by whoever broke it.
    if (event.type === 'lost' && this.isBroken) return;
    if (event.type !== 'offer') {
      this.tell(event);
      return;
    }
    this.held = event.message;
    this.heard = event.message;
    this.parts.onOffer();
  }

  private note<K extends RequestName>(name: K, message: RequestOf<K>, value: ValueOf<K>): void {
    const { onBytes, onSubmitted, onReady } = this.parts;
    if (name === 'prove') this.id = (value as ValueOf<'prove'>).client;
    else if (name === 'ready') onReady();
    else if (name === 'chunk') onBytes(this.uploadRound, 'up', (message as RequestOf<'chunk'>).data.length);
    else if (name === 'complete' && (value as ValueOf<'complete'>).kind === 'delta') onSubmitted();
    else if (name === 'announce') {
      const isDelta = (message as RequestOf<'announce'>).kind === 'delta';
      if (isDelta && (value as ValueOf<'announce'>).state === 'done') onSubmitted();
    } else if (name === 'download') {
      // What is received in a round is the version before it.
      onBytes((message as RequestOf<'download'>).version + 1, 'down', (value as ValueOf<'download'>).data.length);
    }
  }

  private tell(event: ConnectionEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }
}

function isOf(offer: Attempt | null, { round, attempt }: Attempt): boolean {
  return offer?.round === round && offer.attempt === attempt;
}
