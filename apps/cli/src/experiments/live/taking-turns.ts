import type { LocalTuner } from '@perfit/federation';

/** Lets one through at a time, in the order of coming. */
export class Turnstile {
  private last: Promise<void> = Promise.resolve();

  /** @returns what ends the turn   @throws the signal's reason, where it comes first */
  async enter(signal?: AbortSignal): Promise<() => void> {
    const before = this.last;
    let leave: () => void = () => {};
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    this.last = before.then(() => left);
    try {
      await untilAborted(before, signal);
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }
}

/**
 * A tuner that computes only when no other behind the same turnstile does. Their steps would not disturb each other, but
 * interleaved they would all be in memory at once.
 */
export function takingTurns(tuner: LocalTuner, turnstile: Turnstile): LocalTuner {
  const alone = async <T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> => {
    const leave = await turnstile.enter(signal);
    return work().finally(leave);
  };
  async function* aloneThroughout<P, R>(signal: AbortSignal | undefined, work: () => AsyncGenerator<P, R>) {
    const leave = await turnstile.enter(signal);
    try {
      return yield* work();
    } finally {
      leave();
    }
  }
  return {
    layout: tuner.layout,
    examples: tuner.examples,
    perplexity: (theta, signal, on) => alone(signal, () => tuner.perplexity(theta, signal, on)),
    measureSpeed: (signal) => alone(signal, () => tuner.measureSpeed(signal)),
    search: (start, settings, signal) => aloneThroughout(signal, () => tuner.search(start, settings, signal)),
    tune: (start, settings, signal) => aloneThroughout(signal, () => tuner.tune(start, settings, signal)),
  };
}

function untilAborted(promise: Promise<void>, signal?: AbortSignal): Promise<void> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
    promise.then(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, reject);
  });
}
