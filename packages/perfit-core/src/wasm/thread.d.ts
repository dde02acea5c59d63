// The control block that a pool and its threads share, and what both do before they sleep: `thread.js` says what each is.
export declare const CALL: number;
export declare const PENDING: number;
export declare const FAILED: number;
export declare const UNCLAIMED: number;
export declare const CALLS_AT: number;
export declare const CALL_BYTES: number;
export declare const GLANCES: number;

/** What `ThreadPool.start` sends to a thread. */
export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: SharedArrayBuffer;
  readonly index: number;
  readonly names: readonly string[];
}

export function claim(words: Int32Array, index: number, number: number): boolean;

export function serveCalls(message: ThreadStart, ready: () => void): never;
