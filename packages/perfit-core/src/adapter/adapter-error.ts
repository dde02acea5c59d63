export type AdapterErrorCode =
  | 'adapter-unreadable'
  | 'adapter-unsupported'
  | 'adapter-mismatch'
  | 'adapter-missing-tensor'
  | 'adapter-extra-tensor'
  | 'adapter-wrong-shape'
  | 'adapter-not-finite';

/** An adapter that cannot be exported or imported. `data` names the file, field or tensor. */
export class AdapterError extends Error {
  override readonly name = 'AdapterError';
  readonly code: AdapterErrorCode;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: AdapterErrorCode, message: string, data: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.data = data;
  }
}
