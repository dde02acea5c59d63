import { BackendError } from '../backend-error.ts';
import type { WasmPrograms } from './programs.ts';
import { CALL, CALL_BYTES, CALLS_AT, claim, FAILED, GLANCES, PENDING, UNCLAIMED } from './thread.js';

/** A worker that runs `thread.js`. */
export interface Thread {
  postMessage(message: object): void;
  /** Its first message; rejected where it does not come up. */
  readonly ready: Promise<unknown>;
  terminate(): void;
}

/** One call of a program, with all that it takes. */
export type ProgramCall = {
  [Name in keyof WasmPrograms]: readonly [name: Name, ...values: Parameters<WasmPrograms[Name]>];
}[keyof WasmPrograms];

/** As many as the low bits of a call's number can say. */
export const MAX_THREADS = 8;

/** A thread that has not come up by then never will; one that is silent for as long in a call has died. */
const PATIENCE = 10_000;
const LONGEST_CALL = 60_000;

/** Makes a call on this thread. */
export function makeCall(programs: WasmPrograms, [name, ...values]: ProgramCall): void {
  (programs[name] as (...values: number[]) => void)(...values);
}

/**
 * Threads that wait in one memory. A call is written into a block that all share, with a number that all look at: nothing
 * is allocated, and no message is sent. Who has nothing to do sleeps, after a glance of a millisecond. A call that a thread
 * has not begun when the calling one is done is made there: a core that another program has is not waited for.
 */
export class ThreadPool {
  /** With the calling one. */
  readonly count: number;
  readonly #threads: readonly Thread[];
  readonly #words: Int32Array;
  readonly #calls: readonly Float64Array[];
  readonly #indices: ReadonlyMap<string, number>;
  readonly #programs: WasmPrograms;
  #number = 0;

  private constructor(programs: WasmPrograms, control: SharedArrayBuffer, threads: readonly Thread[]) {
    this.#programs = programs;
    this.#threads = threads;
    this.count = threads.length + 1;
    this.#words = new Int32Array(control);
    this.#calls = Array.from(
      { length: this.count },
      (_, i) => new Float64Array(control, CALLS_AT + i * CALL_BYTES, CALL_BYTES / 8),
    );
    this.#indices = new Map(Object.keys(programs).map((name, i) => [name, i]));
  }

  /**
   * @param start makes a worker that runs `thread.js`
   * @throws Error where one does not come up
   */
  static async start(
    given: { programs: WasmPrograms; module: WebAssembly.Module; memory: WebAssembly.Memory },
    count: number,
    start: () => Thread,
  ): Promise<ThreadPool> {
    const { programs, module, memory } = given;
    const control = new SharedArrayBuffer(CALLS_AT + count * CALL_BYTES);
    const names = Object.keys(programs);
    const threads: Thread[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      for (let index = 1; index < count; index++) {
        const thread = start();
        threads.push(thread);
        thread.postMessage({ module, memory, control, index, names });
      }
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not within ${PATIENCE / 1000} s`)), PATIENCE);
      });
      await Promise.race([Promise.all(threads.map(({ ready }) => ready)), late]);
    } catch (error) {
      for (const thread of threads) thread.terminate();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return new ThreadPool(programs, control, threads);
  }

  /**
   * Makes calls at once, the first of them here, and comes back when all are made. At most as many as there are threads.
   * @throws what the program here throws   @throws BackendError where one on another thread fails
   */
  run(calls: readonly ProgramCall[]): void {
    const words = this.#words;
    this.#number = (this.#number % 0x7ffffff) + 1;
    const number = (this.#number << 4) | calls.length;
    for (let i = 1; i < calls.length; i++) {
      const [name, ...values] = calls[i] as ProgramCall;
      const call = this.#calls[i] as Float64Array;
      call[0] = this.#indices.get(name) as number;
      call[1] = values.length;
      call.set(values, 2);
      Atomics.store(words, UNCLAIMED + i, number);
    }
    Atomics.store(words, PENDING, calls.length - 1);
    Atomics.store(words, CALL, number);
    Atomics.notify(words, CALL);
    try {
      makeCall(this.#programs, calls[0] as ProgramCall);
      for (let i = calls.length - 1; i > 0; i--) {
        if (!claim(words, i, number)) continue;
        // Not waited for, whatever comes of it.
        Atomics.sub(words, PENDING, 1);
        makeCall(this.#programs, calls[i] as ProgramCall);
      }
    } finally {
      this.#settle();
    }
    if (Atomics.exchange(words, FAILED, 0) === 1) {
      throw new BackendError('device-wasm-memory', 'WebAssembly failed on another thread.');
    }
  }

  /** Waits until no thread is at work. */
  #settle(): void {
    const words = this.#words;
    let pending = Atomics.load(words, PENDING);
    for (let glance = 0; pending > 0 && glance < GLANCES; glance++) pending = Atomics.load(words, PENDING);
    while (pending > 0) {
      if (Atomics.wait(words, PENDING, pending, LONGEST_CALL) === 'timed-out') {
        throw new BackendError('device-wasm-memory', 'A thread of WebAssembly died.');
      }
      pending = Atomics.load(words, PENDING);
    }
  }

  terminate(): void {
    for (const thread of this.#threads) thread.terminate();
  }
}
