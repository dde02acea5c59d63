import {
  type ErrorCode,
  type FederationStatus,
  ProtocolError,
  type RoundClosed,
  type RoundOffer,
} from '@perfit/protocol';
import type { Ask } from './ask.ts';
import type { ClientEvent } from './client-event.ts';
import { Condition } from './condition.ts';
import { ConnectionLost } from './connection-lost.ts';
import type { Clock, Connection, ConnectionEvent } from './ports.ts';

/** Why a session is over. */
export type SessionEnd =
  | { readonly type: 'finished'; readonly status: FederationStatus }
  | { readonly type: 'left'; readonly reason: 'asked' | 'replaced' | 'removed' }
  | { readonly type: 'failed'; readonly error: unknown };

export interface SessionOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  /** Uniform in [0, 1): jitter of the waiting times. */
  readonly random: () => number;
  /** [HS1] [HS2] Run one after the other after every `connected`; a passing refusal repeats its stage alone. */
  readonly handshake: readonly ((ask: Ask) => Promise<void>)[];
  readonly emit: (event: ClientEvent) => void;
}

/** Refusals that pass: the same request may be answered differently in a moment. */
const PASSING: readonly ErrorCode[] = [
  'rate-limited',
  'storage-failed',
  'shutting-down',
  'internal',
  'not-joined',
  'upload-unknown',
  'upload-offset',
  'upload-hash',
  'upload-busy',
];
/** So many refusals in a row do not pass. */
const PATIENCE = 8;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/**
 * [HS3] The client's standing with the coordinator across every loss of the connection: it connects again, shakes
 * hands again, and keeps the latest offer. Work on a round goes on meanwhile; only its requests wait.
 */
export class Session {
  end: SessionEnd | null = null;
  private readonly options: SessionOptions;
  private readonly ending = new AbortController();
  private readonly condition = new Condition();
  private isJoined = false;
  private isReconnecting = false;
  /** Counts connections, so that a handshake notices that it belongs to an old one. */
  private epoch = 0;
  private losses = 0;
  private offer: RoundOffer | null = null;
  private current: {
    readonly offer: RoundOffer;
    readonly over: AbortController;
    /** The latest of the round that was offered. */
    attempt: number;
    isSubmitting: boolean;
  } | null = null;
  private refused: { readonly round: number; readonly attempt: number | 'any' } | null = null;
  /** The last word of the federation, which waits for the answer to an upload. */
  private lastStatus: FederationStatus | null = null;
  private unsubscribe: () => void = () => {};

  constructor(options: SessionOptions) {
    this.options = options;
  }

  /** Aborted when the session ends. */
  get signal(): AbortSignal {
    return this.ending.signal;
  }

  open(): void {
    const { connection, emit } = this.options;
    emit({ type: 'connection', state: 'connecting' });
    this.unsubscribe = connection.on((event) => this.onEvent(event));
    connection.connect();
  }

  /** The first reason counts; whatever waits is interrupted. */
  finish(end: SessionEnd): void {
    if (this.end) return;
    this.end = end;
    this.ending.abort(end.type === 'failed' ? end.error : new Error(`the session ended: ${end.type}`));
  }

  /** Says goodbye where somebody listens, and hangs up. */
  async hangUp(): Promise<void> {
    const { connection, clock } = this.options;
    this.unsubscribe();
    if (this.isJoined && this.end?.type === 'left' && this.end.reason === 'asked') {
      await Promise.race([connection.request('leave', {}), clock.sleep(2000)]).catch(() => {});
    }
    connection.close();
  }

  /** Waits for a round that this client has not finished with. */
  nextOffer(): Promise<RoundOffer> {
    return this.condition.until(() => (this.isJoined ? this.offer : null), this.signal);
  }

  /** @returns the signal that interrupts the work: the round was closed, or the session ended */
  beginRound(offer: RoundOffer): AbortSignal {
    const over = new AbortController();
    this.offer = null;
    this.current = { offer, over, attempt: offer.attempt, isSubmitting: false };
    return AbortSignal.any([this.signal, over.signal]);
  }

  /** Of the round that is under way, the latest that was offered; 0 without a round. */
  get attempt(): number {
    return this.current?.attempt ?? 0;
  }

  /** From here on only the answer to the upload tells whether the round took it: a receipt, or `round-closed` (UP5). */
  beginSubmission(): void {
    if (this.current) this.current.isSubmitting = true;
  }

  /** @param refused offers that are not taken again: this attempt, or every attempt of the round */
  endRound(refused: 'attempt' | 'round' | null): void {
    if (refused && this.current) {
      const { round, attempt } = this.current.offer;
      this.refused = { round, attempt: refused === 'round' ? 'any' : attempt };
    }
    this.current = null;
    if (this.lastStatus) this.finish({ type: 'finished', status: this.lastStatus });
  }

  /**
   * Does `work` once the hands are shaken, and again after every loss of the connection and every refusal that passes.
   * The work must be such that doing it twice is as good as once.
   * @throws ProtocolError for a refusal that stays; the signal's reason
   */
  async persist<T>(signal: AbortSignal, work: (ask: Ask) => Promise<T>): Promise<T> {
    const { connection, clock, emit } = this.options;
    let refusals = 0;
    for (let failures = 0; ; failures++) {
      await this.condition.until(() => this.isJoined || null, signal);
      try {
        return await work((name, message) => connection.request(name, message, signal));
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ConnectionLost)) {
          if (!isPassing(error) || ++refusals === PATIENCE) throw error;
          if (!isResumption(error)) emit({ type: 'problem', error, retry: 'The request is sent again in a moment.' });
        }
        await clock.sleep(this.waitAfter(failures), signal);
      }
    }
  }

  private onEvent(event: ConnectionEvent): void {
    const { emit } = this.options;
    switch (event.type) {
      case 'connected':
        emit({ type: 'connection', state: 'connected' });
        this.join(++this.epoch).catch((error) => this.finish({ type: 'failed', error }));
        return;
      case 'lost':
        this.epoch++;
        this.isJoined = false;
        emit({ type: 'connection', state: 'lost', reason: event.reason });
        this.reconnect().catch((error) => this.finish({ type: 'failed', error }));
        return;
      case 'offer':
        this.onOffer(event.message);
        return;
      case 'closed':
        emit({ type: 'round-closed', closed: event.message });
        this.onClosed(event.message);
        return;
      case 'status':
        this.onStatus(event.message);
        return;
      case 'replaced':
      case 'removed':
        this.finish({ type: 'left', reason: event.type });
        return;
    }
  }

  private onOffer(offer: RoundOffer): void {
    const { current, refused } = this;
    if (refused?.round === offer.round && (refused.attempt === 'any' || refused.attempt === offer.attempt)) return;
    if (current?.offer.round === offer.round) {
      // A repeat of the round starts from the same theta_g: the work that is under way is as good for it.
      if (offer.attempt <= current.attempt) return;
      current.attempt = offer.attempt;
      this.options.emit(startOf(offer));
      return;
    }
    this.offer = offer;
    this.interrupt('another was offered');
    this.condition.changed();
  }

  /** A failed attempt is repeated, and work on it goes on; a committed round is over. */
  private onClosed({ round, outcome }: RoundClosed): void {
    if (this.offer?.round === round) this.offer = null;
    if (outcome === 'committed' && this.current?.offer.round === round) this.interrupt('it was committed');
  }

  private onStatus(status: FederationStatus): void {
    this.options.emit({ type: 'status', status });
    // Its `closed` may have been missed while the connection was lost.
    if (this.current && status.version >= this.current.offer.round) this.interrupt('it was committed');
    if (!['finished', 'failed', 'stopped'].includes(status.state)) return;
    if (this.current?.isSubmitting && this.isJoined) this.lastStatus = status;
    else this.finish({ type: 'finished', status });
  }

  private interrupt(why: string): void {
    if (this.current?.isSubmitting) return;
    this.current?.over.abort(new Error(`the round goes on without this client: ${why}`));
  }

  /** [HS1] [HS2] On this connection, until it is lost or the refusal is one that stays. */
  private async join(epoch: number): Promise<void> {
    const { connection, clock, emit } = this.options;
    const ask: Ask = (name, message) => connection.request(name, message, this.signal);
    const stages = [...this.options.handshake];
    let failures = 0;
    for (let stage = stages.shift(); stage; ) {
      try {
        await stage(ask);
        if (epoch !== this.epoch) return;
        stage = stages.shift();
      } catch (error) {
        if (epoch !== this.epoch || this.end) return;
        // Whatever is lost now comes back as another connection.
        if (error instanceof ConnectionLost) return;
        if (error instanceof ProtocolError && error.code === 'client-removed') {
          return this.finish({ type: 'left', reason: 'removed' });
        }
        if (!isPassing(error) || ++failures === PATIENCE) throw error;
        emit({ type: 'problem', error, retry: 'Joining is tried again in a moment.' });
        await clock.sleep(this.waitAfter(failures), this.signal);
        if (epoch !== this.epoch) return;
      }
    }
    this.losses = 0;
    this.isJoined = true;
    this.condition.changed();
  }

  private async reconnect(): Promise<void> {
    if (this.isReconnecting) return;
    const { connection, clock, emit } = this.options;
    const epoch = this.epoch;
    this.isReconnecting = true;
    await clock.sleep(this.waitAfter(this.losses++), this.signal);
    this.isReconnecting = false;
    if (this.end) return;
    // It may have healed, and been lost again, meanwhile.
    if (epoch === this.epoch) emit({ type: 'connection', state: 'connecting' });
    connection.connect();
  }

  /** Doubles with every failure up to half a minute; half of it is jitter, so that clients do not come back all at once. */
  private waitAfter(failures: number): number {
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);
    return longest * (0.5 + this.options.random() / 2);
  }
}

/** The server's own trouble, or a matter of a moment. */
export function isPassing(error: unknown): error is ProtocolError {
  return error instanceof ProtocolError && PASSING.includes(error.code);
}

/** [UP2] No trouble: the server says where to go on, when asked again. */
function isResumption({ code }: ProtocolError): boolean {
  return code === 'upload-unknown' || code === 'upload-offset';
}

export function startOf({ round, attempt, remainingMs }: RoundOffer): ClientEvent {
  return { type: 'round-started', round, attempt, deadlineMs: remainingMs };
}
