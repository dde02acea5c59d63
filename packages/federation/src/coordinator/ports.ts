/** Lines for whoever runs a coordinator; pino has this shape. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
}

/** Follows the attempts at one federation's rounds. Times are milliseconds of the coordinator's clock. */
export interface RoundMeter {
  begun(now: number): void;
  /** Also when a commit is tried again: the phase goes on. */
  aggregating(now: number): void;
  closed(outcome: 'committed' | 'failed', now: number): void;
  accepted(): void;
  committed(milliseconds: number): void;
  storageFailed(operation: 'step' | 'commit'): void;
}

/** Where nobody measures. */
export const silentMeter: RoundMeter = {
  begun() {},
  aggregating() {},
  closed() {},
  accepted() {},
  committed() {},
  storageFailed() {},
};

/** Immutable bytes named by their SHA-256: versions of theta_g and masks. */
export interface Blobs {
  /** @returns the hash, when the bytes will be found by it whatever happens */
  put(bytes: Uint8Array): Promise<string>;
  /** @throws Error where the bytes are gone or are not what they were */
  get(hash: string): Promise<Uint8Array>;
}

/**
 * Deltas of one federation: those under way, and those accepted but not yet committed, by round. Both are removed when
 * their round is over: nothing of a single client outlives its round.
 */
export interface Spool {
  /**
   * What has come of an upload, under a name that follows from its content: another connection, or another process, goes
   * on at its end.
   * @throws ProtocolError `storage-failed` where so many bytes more would fill the disk
   */
  openUpload(round: number, name: string, bytes: number): Promise<UploadFile>;
  /** An accepted delta. @throws Error where it is lost */
  read(round: number, client: string): Promise<Uint8Array>;
  /** Removes everything of the rounds up to this one. */
  clear(round: number): Promise<void>;
  /** Removes accepted deltas of a round that nobody was told of: the process died before their row was written. */
  keepOnly(round: number, clients: readonly string[]): Promise<void>;
}

/** An upload under way. */
export interface UploadFile {
  /** Bytes that had come when it was opened; those beyond what was announced are dropped. */
  readonly size: number;
  /** @returns how many bytes were taken: a disk that becomes full takes a part */
  write(data: Uint8Array, offset: number): Promise<number>;
  /** All of it. @throws Error where it is gone */
  read(): Promise<Uint8Array>;
  /** [RD3] Moves it among the accepted ones; it is safe there afterwards. */
  accept(round: number, client: string): Promise<void>;
  close(): Promise<void>;
  /** Closed before; one that was accepted stays. */
  remove(): Promise<void>;
}
