import type { AnnouncementName, AnnouncementOf, RequestName, RequestOf, ValueOf } from '@perfit/protocol';
import type { Mask } from '@perfit/protocol/space';
import type { TuningCheckpoint } from './local-tuner.ts';

/** One connection that heals itself: `connected` comes again after every reconnect, and then the handshake runs anew. */
export interface Connection {
  /** @throws ProtocolError as the server answered it; `ConnectionLost` where the connection broke before the answer. */
  request<K extends RequestName>(name: K, message: RequestOf<K>, signal?: AbortSignal): Promise<ValueOf<K>>;
  /** Droppable, unanswered. */
  notify(name: 'progress', message: unknown): void;
  /** @returns a function that ends the subscription */
  on(listener: (event: ConnectionEvent) => void): () => void;
  close(): void;
}

export type ConnectionEvent =
  | { readonly type: 'connected' }
  | { readonly type: 'lost'; readonly reason: string }
  | { [K in AnnouncementName]: { readonly type: K; readonly message: AnnouncementOf<K> } }[AnnouncementName];

/** [HS2] The client's key. The private half never leaves where it was made. */
export interface Identity {
  /** SPKI, base64url. */
  readonly publicKey: string;
  /** ECDSA P-256 with SHA-256, IEEE P1363, base64url. */
  sign(text: string): Promise<string>;
}

/** What survives a reload or a crash, by federation. Writes are atomic: a reader sees the old record or the new one. */
export interface ClientStore {
  load(federation: string): Promise<ClientRecord | null>;
  save(federation: string, record: ClientRecord): Promise<void>;
  remove(federation: string): Promise<void>;
}

export interface ClientRecord {
  /** The layout that everything below is in. */
  readonly layoutHash: string;
  readonly mask: Mask | null;
  /** θ_i as it was tuned last (PF9), and in which round. */
  readonly tuned: { readonly round: number; readonly theta: Float32Array } | null;
  /** Perplexity of the base model, which does not change. */
  readonly basePerplexity: number | null;
  /** A tuning that was under way. */
  readonly inProgress: {
    readonly round: number;
    readonly attempt: number;
    readonly received: Float32Array;
    readonly receivedPerplexity: number;
    readonly checkpoint: TuningCheckpoint | null;
  } | null;
}

export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}
