import type { Failure } from './failure.ts';

/** Either side of a call: a rejected promise would lose its code between worker and page. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Failure };
