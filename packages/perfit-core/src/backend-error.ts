import { CodedError } from './coded-error.ts';

export type BackendErrorCode =
  | 'device-no-webgpu'
  | 'device-wasm-failed'
  | 'device-wasm-memory'
  | 'device-wrong-backend'
  | 'device-program-refused'
  | 'device-lost'
  | 'device-out-of-memory';

/** No backend could be started as asked, or the one that ran can be used no longer. */
export class BackendError extends CodedError<BackendErrorCode> {
  override readonly name = 'BackendError';
}
