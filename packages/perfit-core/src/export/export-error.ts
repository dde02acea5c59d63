import { DetailedError } from '../coded-error.ts';

export type ExportErrorCode =
  | 'export-no-counterpart'
  | 'export-adapter-mismatch'
  | 'export-missing-tensor'
  | 'export-wrong-shape'
  | 'export-out-of-range';

/** A model that cannot be written in the form that was asked for. `data` names the field or the tensor. */
export class ExportError extends DetailedError<ExportErrorCode> {
  override readonly name = 'ExportError';
}
