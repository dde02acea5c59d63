import { afterWasmFailure } from '@perfit/core';
import { ProtocolError } from '@perfit/protocol';
import { type Failure, type FailureCode, FailureError } from '../contract/failure.ts';
import type { Outcome } from '../contract/outcome.ts';
import { isQuotaExceeded } from './storage/sync-file.ts';

/** Any error as what the page shows: a code and a sentence. */
export function toFailure(error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  if (error instanceof ProtocolError) return error.toBody();
  if (isCoded(error)) return { code: error.code, message: error.message };
  if (isQuotaExceeded(error)) {
    return { code: 'storage-unavailable', message: 'There is no room left for this site in this browser.' };
  }
  return { code: 'unexpected', message: error instanceof Error ? error.message : String(error) };
}

const ownCode = /^(data|device|model|weights|tokenizer|adapter|training|chat|export)-/;

/** perfit-core's errors: each has a code of its own and a whole sentence. */
function isCoded(error: unknown): error is Error & { readonly code: FailureCode } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && ownCode.test(error.code);
}

/** The same for an error of what computes, after which WebAssembly may be of no use. */
export function failureOfWork(error: unknown): Failure {
  return toFailure(afterWasmFailure(error));
}

/** Runs a call of the page and turns whatever it throws into plain data. */
export async function outcomeOf<T>(work: () => Promise<T> | T): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: failureOfWork(error) };
  }
}

/** The same for a call that has nothing to answer. */
export function whenDone(work: () => unknown): Promise<Outcome<null>> {
  return outcomeOf(async () => {
    await work();
    return null;
  });
}
