import type { Connection, ConnectionEvent } from '@perfit/federation';
import type { Progress, RequestName, RequestOf, ValueOf } from '@perfit/protocol';
import type { Conductor } from './conductor.ts';

export interface ConductedConnectionParts {
  readonly client: string;
  readonly inner: Connection;
  /** Breaks the line under `inner`, as a network does. */
  readonly breakLine: () => void;
  readonly conductor: Conductor;
  /** Contents of masks, deltas and slices, as they pass. */
  readonly onBytes: (round: number, direction: 'up' | 'down', bytes: number) => void;
  readonly signal: AbortSignal;
}

/** A client's connection, of which the conductor hears and in which it lets faults strike. */
export class ConductedConnection implements Connection {
  private readonly parts: ConductedConnectionParts;
  private readonly listeners = new Set<(event: ConnectionEvent) => void>();
  private uploadRound = 0;
  private isHeldDown = false;
  private wantsUp = false;

  constructor(parts: ConductedConnectionParts) {
    this.parts = parts;
    parts.inner.on((event) => this.onEvent(event));
  }

  connect(): void {
    this.wantsUp = true;
    if (!this.isHeldDown) this.parts.inner.connect();
  }

  async request<K extends RequestName>(name: K, message: RequestOf<K>, signal?: AbortSignal): Promise<ValueOf<K>> {
    if (name === 'announce') await this.announcing(message as RequestOf<'announce'>, signal);
    const value = await this.parts.inner.request(name, message, signal);
    this.onAnswer(name, message, value);
    return value;
  }

  notify(name: 'progress', message: Progress): void {
    this.parts.inner.notify(name, message);
  }

  on(listener: (event: ConnectionEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.wantsUp = false;
    this.parts.inner.close();
  }

  private onEvent(event: ConnectionEvent): void {
    const { client, conductor } = this.parts;
    if (event.type === 'offer' && !conductor.offered(client, event.message)) {
      this.dropout();
      return;
    }
    if (event.type === 'closed') conductor.closed(event.message);
    for (const listener of [...this.listeners]) listener(event);
  }

  /** [RD4] Until the attempt is over no connection comes about, however often the client tries. */
  private dropout(): void {
    const { client, conductor, breakLine, inner, signal } = this.parts;
    this.isHeldDown = true;
    this.wantsUp = false;
    breakLine();
    const comeBack = () => {
      this.isHeldDown = false;
      if (this.wantsUp) inner.connect();
    };
    // Interrupted only where the whole experiment is.
    conductor.attemptOver(client, signal).then(comeBack, () => {});
  }

  /** [RD2] [UP5] A straggler has done its work, and is too late with it. */
  private async announcing(announce: RequestOf<'announce'>, signal?: AbortSignal): Promise<void> {
    const { client, conductor } = this.parts;
    this.uploadRound = announce.round;
    if (announce.kind !== 'delta' || !conductor.isLate(client, announce)) return;
    await conductor.attemptOver(client, signal ?? this.parts.signal);
  }

  private onAnswer<K extends RequestName>(name: K, message: RequestOf<K>, value: ValueOf<K>): void {
    const { onBytes } = this.parts;
    if (name === 'announce') {
      const answer = value as ValueOf<'announce'>;
      if (answer.state === 'done') this.onReceipt(answer.receipt);
    } else if (name === 'chunk') {
      onBytes(this.uploadRound, 'up', (message as RequestOf<'chunk'>).data.length);
    } else if (name === 'complete') {
      this.onReceipt(value as ValueOf<'complete'>);
    } else if (name === 'download') {
      // What is received in a round is the version before it.
      onBytes((message as RequestOf<'download'>).version + 1, 'down', (value as ValueOf<'download'>).data.length);
    }
  }

  private onReceipt({ kind, round }: ValueOf<'complete'>): void {
    if (kind === 'delta') this.parts.conductor.submitted(this.parts.client, round);
  }
}
