import { CodedError } from '../coded-error.ts';

export type BackendErrorCode =
  | 'device-no-webgpu'
  | 'device-wasm-failed'
  | 'device-wrong-backend'
  | 'device-program-refused';

/** No backend could be started as asked. */
export class BackendError extends CodedError<BackendErrorCode> {
  override readonly name = 'BackendError';
}
