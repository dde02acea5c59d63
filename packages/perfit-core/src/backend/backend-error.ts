export type BackendErrorCode = 'no-webgpu' | 'wasm-failed' | 'wrong-backend';

/** No backend could be started as asked. */
export class BackendError extends Error {
  readonly code: BackendErrorCode;

  constructor(code: BackendErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BackendError';
    this.code = code;
  }
}
