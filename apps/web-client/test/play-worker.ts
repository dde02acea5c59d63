import { expose } from 'comlink';
import type { EngineApi } from '../src/contract/engine-api.ts';
import type { Failure } from '../src/contract/failure.ts';
import type { Outcome } from '../src/contract/outcome.ts';
import { engine } from '../src/shared/api/engine-client.ts';

let answers: Partial<EngineApi> = {};

/**
 * Plays the worker in this test, over the same messages as the real one: the page starts it, and asks it by Comlink. What
 * has no answer here is not answered.
 */
export function playWorker(played: Partial<EngineApi>): void {
  answers = { ...answers, ...played };
}

export function done<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function refused(code: Failure['code'], message: string): Outcome<never> {
  return { ok: false, error: { code, message } };
}

const played = new Proxy({} as EngineApi, {
  get: (_, name) => answers[name as keyof EngineApi] ?? (() => new Promise(() => {})),
});

/** What a page gets that starts a worker: its end of the line. */
function PlayedWorker(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  expose(played, port1);
  return port2;
}

globalThis.Worker = PlayedWorker as unknown as typeof Worker;

/** Whatever the page has said in an earlier test arrives before this is done, and finds no answer of a later one. */
export async function forgetWorker(): Promise<void> {
  answers = { emptyTrash: async () => done(null) };
  await engine().emptyTrash();
  answers = {};
}
