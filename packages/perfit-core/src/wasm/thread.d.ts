/** What `ThreadPool.start` sends to a thread. */
export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: SharedArrayBuffer;
  readonly index: number;
  readonly names: readonly string[];
}

export function serveCalls(message: ThreadStart, ready: () => void): never;
