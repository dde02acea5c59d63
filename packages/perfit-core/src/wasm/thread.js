// What a thread of our programs runs, in a browser's worker and in Node's: it waits for a call, makes it, and says so.
// Plain JavaScript, because Node loads it as it lies.

/** Words of the control block; `threads.ts` has the other side. */
export const CALL = 0;
export const PENDING = 1;
export const FAILED = 2;
/** One for each thread: the number of a call that nobody makes yet. */
export const UNCLAIMED = 3;
/** Bytes before the first thread's call, and of each. */
export const CALLS_AT = 64;
export const CALL_BYTES = 256;
/** Looks at the next call, or at the end of one, before whoever waits sleeps: a millisecond. */
export const GLANCES = 70_000;

/**
 * Takes a call to make it, so that nobody else does.
 * @param number of the calls that it is one of   @returns whether it was still there to be taken
 */
export function claim(words, index, number) {
  return Atomics.compareExchange(words, UNCLAIMED + index, number, 0) === number;
}

/**
 * Serves calls as long as the thread lives; it never comes back.
 * @param message what `ThreadPool.start` sends   @param ready called when the first call may come
 */
export function serveCalls({ module, memory, control, index, names }, ready) {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const programs = names.map((name) => exports[name]);
  const words = new Int32Array(control);
  const call = new Float64Array(control, CALLS_AT + index * CALL_BYTES, CALL_BYTES / 8);
  ready();
  let seen = 0;
  for (;;) {
    let next = Atomics.load(words, CALL);
    for (let glance = 0; next === seen && glance < GLANCES; glance++) next = Atomics.load(words, CALL);
    while (next === seen) {
      Atomics.wait(words, CALL, seen);
      next = Atomics.load(words, CALL);
    }
    seen = next;
    // The low bits say how many threads the call is for: the calling one is the first, and makes what nobody has begun.
    if (index >= (seen & 15) || !claim(words, index, seen)) continue;
    try {
      programs[call[0]](...call.subarray(2, 2 + call[1]));
    } catch {
      Atomics.store(words, FAILED, 1);
    }
    if (Atomics.sub(words, PENDING, 1) === 1) Atomics.notify(words, PENDING);
  }
}
