import { DetailedError } from '../coded-error.ts';

export type AdapterErrorCode =
  | 'adapter-unreadable'
  | 'adapter-unsupported'
  | 'adapter-mismatch'
  | 'adapter-missing-tensor'
  | 'adapter-extra-tensor'
  | 'adapter-wrong-shape'
  | 'adapter-not-finite';

/** An adapter that cannot be exported or imported. `data` names the file, field or tensor. */
export class AdapterError extends DetailedError<AdapterErrorCode> {
  override readonly name = 'AdapterError';
}
