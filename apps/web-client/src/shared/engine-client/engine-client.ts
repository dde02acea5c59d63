import { proxy, type Remote, transfer, wrap } from 'comlink';
import type { EngineApi, EventSink, Outcome } from '../../engine/engine-api.ts';
import { FailureError } from '../failure/failure.ts';
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

/** The same for whatever is told piece by piece: a chat's text, a load's progress. */
export function asListener<Told extends unknown[]>(listener: (...told: Told) => void): (...told: Told) => void {
  return proxy(listener);
}

/** The same for work that tells how many bytes of how many are done. */
export function asProgress(listener: (bytes: number, total: number) => void): (bytes: number, total: number) => void {
  return proxy(listener);
}

/** The same for a count. */
export function asCounter(counter: (done: number) => void): (done: number) => void {
  return proxy(counter);
}
