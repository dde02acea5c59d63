import { proxy, type Remote, transfer, wrap } from 'comlink';
import type { EngineApi } from '../../contract/engine-api.ts';
import type { EventSink } from '../../contract/engine-event.ts';
import { FailureError } from '../../contract/failure.ts';
import type { Outcome } from '../../contract/outcome.ts';
import { watchWorker } from './worker-watch.ts';

let remote: Remote<EngineApi> | null = null;

/** The worker, started when first asked for. One for the whole page. */
export function engine(): Remote<EngineApi> {
  if (!remote) {
    const name = `perfit-engine-${crypto.randomUUID()}`;
    const worker = new Worker(new URL('../../engine/engine-worker.ts', import.meta.url), { type: 'module', name });
    watchWorker(worker, name);
    remote = wrap<EngineApi>(worker);
  }
  return remote;
}

/** @throws FailureError where the worker refused */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new FailureError(outcome.error);
}

/** Goes to the worker instead of being copied, the bytes that it holds with it. */
export function handedOver<T>(message: T, ...bytes: ArrayBuffer[]): T {
  return transfer(message, bytes);
}

/** A callback that the worker may call. */
export function asSink(sink: EventSink): EventSink {
  return proxy(sink);
}

/**
 * A call that tells piece by piece how far it is. What it tells comes on a way of its own, so that the last of it may arrive
 * after the outcome: that is left out.
 */
export async function telling<Told extends unknown[], Call>(
  listener: (...told: Told) => void,
  call: (tell: (...told: Told) => void) => Call,
): Promise<Awaited<Call>> {
  let isOver = false;
  const tell = proxy((...told: Told) => {
    if (!isOver) listener(...told);
  });
  try {
    return await call(tell);
  } finally {
    isOver = true;
  }
}
